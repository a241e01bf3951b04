// The text of a question, written from a metric and its filters.

const dialect = () => document.querySelector('[name=dialect]:checked').value;
const bare = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
// Words of the language, which name a metric only in quotes.
const words = /^(bool|on|ignoring|group_left|group_right|atan2|and|or|unless|by|without|offset|inf|nan)$/i;
const pattern = (text) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

// The Panel dialect reads a text as Grafana inserts it: a backslash makes the sign behind it plain, and the end of a line is one.
const inserted = (text) => text.replace(/[\\"$*+?()[\]{}|]/g, '\\$&');
const string = (text, name) => (name === 'promql' ? JSON.stringify(text) : '"' + inserted(text) + '"');

// What the Panel dialect says only with the escapes of a pattern: the returns that a field for text turns into ends of lines, and
// the names of everything.
const everything = /^(\$__all|\$\{__all([:.].*)?\}|\[\[__all(:.*)?\]\])$/;
const isHard = (text) => text.includes('\r') || everything.test(text);
const hard = (text) => (everything.test(text) ? '\\x' + text.charCodeAt(0).toString(16) + pattern(text.slice(1)) : pattern(text))
  .replaceAll('\r', '\\r').replaceAll('"', '\\"');

function matcher({ label, values, not }, name) {
  const key = /^[a-zA-Z_]\w*$/.test(label) ? label : string(label, name);
  const [equals, matches] = not ? ['!=', '!~'] : ['=', '=~'];
  if (name === 'promql') return key + (values.length > 1 ? matches + JSON.stringify(values.map(pattern).join('|')) : equals + JSON.stringify(values[0]));
  if (values.some(isHard)) return key + matches + '"' + values.map(hard).join('|') + '"';
  const list = values.map(inserted);
  return key + equals + '"' + (list.length > 1 ? '(' + list.join('|') + ')' : list[0]) + '"';
}

function selector(name, filters) {
  const matchers = filters.filter((filter) => filter.label && filter.values.length).map((filter) => matcher(filter, name));
  if (bare.test(state.metric) && !words.test(state.metric)) return state.metric + (matchers.length ? '{' + matchers.join(', ') + '}' : '');
  // A target that is the name of a metric means the metric.
  if (!matchers.length && name === 'target' && /^[\p{L}\p{N}_]([\p{L}\p{N}_:./ -]*[\p{L}\p{N}_])?$/u.test(state.metric)) return state.metric;
  return '{' + [matcher({ label: '__name__', values: [state.metric] }, name), ...matchers].join(', ') + '}';
}

function written(name) {
  const metric = state.metrics.find((one) => one.name === state.metric);
  const text = selector(name, state.filters);
  return name === 'promql' && metric && metric.kind === 'counter' ? 'rate(' + text + '[5m])' : text;
}

function write(changed) {
  $('text').value = written(dialect());
  showFilters(changed);
}
