'use strict';
// The page knows nothing but the server that it came from: every request goes below the path that it was opened at.
const base = location.pathname.replace(/\/+$/, '') + '/';
const $ = (id) => document.getElementById(id);
const state = { metrics: [], metric: '', filters: [], pickers: new WeakMap(), answer: null, at: -1, asked: 0, view: 'explore' };

function el(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) node.setAttribute(key, value === true ? '' : value);
  }
  node.append(...children.filter((child) => child !== undefined && child !== null));
  return node;
}

function say(text) { $('status').textContent = text; }

// An answer to another token than the one that is used now is nobody's.
const tell = (error) => error.stale || say(error.message);

// Replaces what stands in a box. The focus stays on what it stood on, which its key names; what is gone leaves it to the anchor.
function fill(box, anchor, ...nodes) {
  const at = document.activeElement, held = at !== box && box.contains(at);
  box.replaceChildren(...nodes);
  if (held) (keyed(box, at.dataset.key) || anchor).focus();
}

const keyed = (box, key) => [...box.querySelectorAll('[data-key]')].find((one) => one.dataset.key === key);

// Hides a part of the page. It cannot keep the focus, which goes to the anchor.
function hide(node, anchor) {
  if (node.contains(document.activeElement)) anchor.focus();
  node.hidden = true;
}

// Any token: what no header may hold is sent as a password.
function authorization(token) {
  if (/^[\x21-\x7e]+$/.test(token)) return 'Bearer ' + token;
  return 'Basic ' + btoa(String.fromCharCode(...new TextEncoder().encode(':' + token)));
}

async function get(path, parameters, signal) {
  const query = new URLSearchParams(parameters || {}).toString();
  const token = sessionStorage.getItem('datebin.token');
  const headers = token ? { Authorization: authorization(token) } : {};
  let response, body, json = null;
  try {
    response = await fetch(base + path + (query ? '?' + query : ''), { headers, signal });
    body = await response.text();
  } catch {
    throw new Error('the server does not answer');
  } finally {
    if (token !== sessionStorage.getItem('datebin.token')) throw Object.assign(new Error('another token is used now'), { stale: true });
  }
  try { json = JSON.parse(body); } catch { /* a text */ }
  if (response.ok) return { json, body, timing: response.headers.get('server-timing') || '' };
  if (response.status === 401) {
    $('access').open = true;
    $('token').focus();
    throw new Error(token ? 'the token is not valid' : 'this server asks for a token');
  }
  throw new Error((json && (json.message || json.error)) || 'the server answered ' + response.status);
}

// --- metrics -----------------------------------------------------------------------------------------------------

async function loadMetrics() {
  try {
    const { json } = await get('explorer/catalog');
    state.catalog = json;
    for (const button of [$('check'), $('discover')]) if (json.is_whole) button.hidden = false; else hide(button, $('sift'));
    state.metrics = json.sources.flatMap((source) => source.metrics);
    const seen = new Set();
    state.metrics = state.metrics.filter((metric) => !seen.has(metric.name) && seen.add(metric.name));
    state.metrics.sort((a, b) => (a.name < b.name ? -1 : 1));
    $('tz').placeholder = json.zone;
    $('reasons').replaceChildren(...(state.metrics.length ? [] : json.notes).map((note) => el('li', {}, note)));
    listMetrics();
    if (state.answer) showCopies();
    if (state.view === 'catalog') showCatalog();
  } catch (error) {
    if (!error.stale) $('found').textContent = error.message;
  }
}

const SHOWN = 200;
const MOST_VALUES = 1000;

function listMetrics() {
  const words = $('search').value.toLowerCase().split(/\s+/).filter(Boolean);
  const holds = (metric) => words.every((word) => (metric.name + ' ' + (metric.help || '')).toLowerCase().includes(word));
  const found = state.metrics.filter(holds);
  const shown = found.slice(0, SHOWN);
  $('found').textContent = found.length === shown.length
    ? found.length + ' of ' + state.metrics.length + ' metrics'
    : 'the first ' + SHOWN + ' of ' + found.length + ' metrics';
  fill($('metrics'), $('search'), ...shown.map((metric) => el('li', {},
    el('button', { type: 'button', 'data-key': metric.name, onclick: () => pick(metric.name) },
      metric.name, el('small', {}, [metric.kind, metric.unit, metric.help].filter(Boolean).join(' · '))))));
  press();
}

function press() {
  for (const one of $('metrics').querySelectorAll('button')) one.setAttribute('aria-pressed', String(one.dataset.key === state.metric));
}

function pick(name) {
  state.metric = name;
  state.filters = [];
  press();
  write();
  ask(true);
}

// --- the question ------------------------------------------------------------------------------------------------

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

// The filters that are there stay what they are, so that nobody loses the place in one of them.
function showFilters(changed) {
  const shown = (state.metric ? state.filters : []).map((filter) => [filter, pickerOf(filter)]);
  const nodes = shown.map(([, one]) => one.node);
  const at = document.activeElement, before = [...$('filters').querySelectorAll('.pick')].indexOf(at.closest('.pick'));
  for (const node of $('filters').querySelectorAll('.pick')) if (!nodes.includes(node)) node.remove();
  for (const node of nodes) if (!node.isConnected) $('add-filter').before(node);
  if (state.metric) $('add-filter').hidden = false; else hide($('add-filter'), $('text'));
  if (before >= 0 && !at.isConnected) {
    const alike = nodes[before] && nodes[before].querySelector('[aria-label="' + at.getAttribute('aria-label') + '"]');
    (alike || (state.metric ? $('add-filter') : $('text'))).focus();
  }
  for (const [filter, one] of shown) if (filter !== changed) one.refresh();
}

function addFilter() {
  const filter = { label: '', values: [], not: false };
  state.filters.push(filter);
  showFilters();
  pickerOf(filter).node.querySelector('select').focus();
}

function pickerOf(filter) {
  if (!state.pickers.has(filter)) state.pickers.set(filter, picker(filter));
  return state.pickers.get(filter);
}

// What the other filters leave: a filter does not narrow its own values. The lists are asked of the Prometheus API.
const scope = (filter) => selector('promql', state.filters.filter((one) => one !== filter));

function picker(filter) {
  let number = 0;
  const changed = () => { write(filter); ask(true); };
  const relabel = () => {
    const had = filter.values.length;
    Object.assign(filter, { label: label.value, values: [] });
    options(value, [], [], filter.label ? 'loading' : 'value');
    refresh();
    if (had) changed();
  };
  const label = el('select', { 'aria-label': 'Label', onchange: relabel });
  const not = el('select', { 'aria-label': 'Condition', onchange: () => { filter.not = not.value === 'not'; changed(); } },
    el('option', { value: 'is' }, 'is'), el('option', { value: 'not', selected: filter.not }, 'is not'));
  // The first option stands for no value: it takes the condition away.
  const value = el('select', { 'aria-label': 'Value', onchange: () => { filter.values = [...value.selectedOptions].map((option) => option.value).filter(Boolean); value.title = value.value; changed(); } });
  const remove = el('button', { type: 'button', 'aria-label': 'Remove the filter', onclick: () => { state.filters = state.filters.filter((one) => one !== filter); write(); ask(true); } }, '×');
  const options = (node, list, chosen, first) => {
    const all = [...chosen.filter((one) => !list.includes(one)), ...list];
    node.replaceChildren(el('option', { value: '' }, first), ...all.map((one) => el('option', { value: one, selected: chosen.includes(one) }, one)));
    node.title = chosen.join(', ');
  };
  async function refresh() {
    const own = ++number;
    try {
      const labels = await get('api/v1/labels', { 'match[]': scope(filter) });
      if (own !== number) return;
      options(label, labels.json.data.filter((name) => name !== '__name__'), filter.label ? [filter.label] : [], 'label');
      if (!filter.label) return;
      const { json } = await get('api/v1/label/' + encodeURIComponent(filter.label) + '/values', { 'match[]': scope(filter), limit: MOST_VALUES });
      if (own === number) options(value, json.data, filter.values, 'any of ' + (json.data.length < MOST_VALUES ? '' : 'the first ') + json.data.length + ' values');
    } catch (error) { tell(error); }
  }
  options(label, filter.label ? [filter.label] : [], filter.label ? [filter.label] : [], 'label');
  options(value, filter.values, filter.values, 'value');
  return { node: el('span', { class: 'pick' }, label, not, value, remove), refresh };
}

function parameters() {
  const all = { [dialect()]: $('text').value.trim(), from: $('from').value.trim(), to: $('to').value.trim() };
  for (const id of ['tz', 'step']) if ($(id).value.trim()) all[id] = $(id).value.trim();
  return all;
}

function remember(pushes) {
  const all = parameters();
  if (state.view !== 'explore') all.view = state.view;
  if (!$('annotations').checked) all.annotations = 'off';
  if (state.metric) all.metric = state.metric;
  const filters = state.filters.filter((filter) => filter.values.length);
  if (filters.length) all.filters = JSON.stringify(filters);
  const url = location.pathname + '?' + new URLSearchParams(all);
  if (pushes && url !== location.pathname + location.search) history.pushState(null, '', url);
  else history.replaceState(null, '', url);
}

// A link may have been written by hand, or cut.
function filtersOf(text) {
  const isText = (value) => typeof value === 'string';
  try {
    const all = JSON.parse(text || '[]');
    const isWhole = (one) => one && isText(one.label) && Array.isArray(one.values) && one.values.every(isText);
    return Array.isArray(all) ? all.filter(isWhole).map(({ label, values, not }) => ({ label, values: values.filter(Boolean), not: not === true })) : [];
  } catch { return []; }
}

function restore() {
  const all = new URLSearchParams(location.search);
  const spoken = all.has('promql') ? 'promql' : 'target';
  document.querySelector('[name=dialect][value=' + spoken + ']').checked = true;
  $('text').value = all.get(spoken) || '';
  $('from').value = all.get('from') || 'now-6h';
  $('to').value = all.get('to') || 'now';
  for (const id of ['tz', 'step']) $(id).value = all.get(id) || '';
  $('annotations').checked = all.get('annotations') !== 'off';
  state.metric = all.get('metric') || '';
  state.filters = filtersOf(all.get('filters'));
  press();
  showFilters();
  hint();
  const name = all.get('view') === 'catalog' ? 'catalog' : 'explore';
  clear(name === 'explore' && Boolean($('text').value.trim()));
  // Asks where there is something to ask and a place for the chart.
  view(name);
}

function hint() {
  $('dialect-help').textContent = dialect() === 'target'
    ? 'buckets in the zone, as the JSON data sources ask' : 'steps and windows, as Prometheus evaluates them';
}

// Takes away all that an answer has shown: nothing of it stays under another question, another token or an error. What is
// about to be asked keeps the chart's place, and the focus in it.
function clear(asks) {
  state.asked += 1;
  if (state.abort) state.abort.abort();
  state.answer = null;
  leave();
  fail('');
  say('');
  busy(false);
  for (const box of [$('picture'), $('notices'), $('legend'), ...document.querySelectorAll('#rows > div, #cost > div, #copies > div')]) box.replaceChildren();
  $('rows').ontoggle = null;
  $('welcome').hidden = Boolean($('text').value.trim());
  if (asks) return;
  for (const id of ['chart', 'zoom']) hide($(id), $('text'));
}

// What is shown while another answer is on its way looks like it.
const busy = (is) => $('main').setAttribute('aria-busy', String(is));

async function ask(pushes) {
  remember(pushes);
  // Without a place for the chart nobody sees it: it is asked for when there is one.
  if (!$('text').value.trim()) clear(false);
  if (!$('text').value.trim() || state.view !== 'explore') return;
  const number = ++state.asked;
  if (state.abort) state.abort.abort();
  state.abort = new AbortController();
  busy(true);
  const width = Math.max(160, Math.round($('main').clientWidth));
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  const all = { ...parameters(), width, height: Math.max(220, Math.min(420, Math.round(width / 2.4))), theme: dark ? 'dark' : 'light' };
  if ($('annotations').checked) all.annotations = '*';
  say('asking …');
  $('welcome').hidden = true;
  try {
    const { json, timing } = await get('explorer/answer', all, state.abort.signal);
    if (number !== state.asked) return;
    busy(false);
    state.answer = json;
    fail('');
    show(json, timing);
    say(json.points + ' points of ' + json.count + ' series');
  } catch (error) {
    if (number !== state.asked || error.stale) return;
    clear(false);
    fail(error.message);
  }
}

function fail(message) {
  $('error').textContent = message;
  $('error').hidden = !message;
  $('text').setAttribute('aria-invalid', String(Boolean(message)));
}

// --- the answer --------------------------------------------------------------------------------------------------

function show(answer, timing) {
  const picture = new DOMParser().parseFromString(answer.svg, 'image/svg+xml').documentElement;
  $('picture').replaceChildren(document.importNode(picture, true));
  $('chart').hidden = $('zoom').hidden = false;
  leave();
  $('notices').replaceChildren(...answer.notices.map((notice) => el('li', {}, notice)));
  showLegend(answer);
  showRows(answer);
  showCost(answer, timing);
  showCopies();
}

const swatch = (series) => {
  const node = el('span', { class: 'swatch', 'aria-hidden': 'true' });
  node.style.background = series.colour || 'none';
  return node;
};

function showLegend(answer) {
  const head = el('tr', {}, el('th', { scope: 'col' }, 'Series'), ...['last', 'min', 'max', 'avg'].map((name) => el('th', { scope: 'col', class: 'n' }, name)));
  const rows = answer.series.map((series) => el('tr', {},
    el('td', { class: 'name', title: series.legend }, swatch(series), series.legend), ...['last', 'min', 'max', 'avg'].map((name) => el('td', { class: 'n' }, series[name]))));
  const undrawn = answer.undrawn, more = answer.count - answer.series.length;
  const list = more > 0 && el('details', { id: 'undrawn', open: undrawn.length <= 5 }, el('summary', {}, more + ' more series, not drawn'),
    el('ul', {}, ...undrawn.map((one) => el('li', {}, one.legend + ': ' + one.reason))),
    more > undrawn.length ? el('p', { class: 'faint' }, 'and ' + (more - undrawn.length) + ' more') : '');
  $('legend').replaceChildren(el('table', {}, el('thead', {}, head), el('tbody', {}, ...rows)), list || '');
}

// Times as the server writes them in the question's zone.
function local(answer, ms) {
  try {
    return new Intl.DateTimeFormat('sv-SE', { timeZone: answer.zone, dateStyle: 'short', timeStyle: 'medium' }).format(ms);
  } catch { return new Date(ms).toISOString(); }
}

function times(answer) {
  if (!answer.times) {
    answer.times = [...new Set(answer.series.flatMap((series) => series.points.map((point) => point[0])))].sort((a, b) => a - b);
    for (const series of answer.series) series.at = new Map(series.points.map((point) => [point[0], point]));
  }
  return answer.times;
}

const MOST_ROWS = 500;

function showRows(answer) {
  const box = $('rows').querySelector('div');
  const fill = () => {
    const drawn = answer.series.filter((series) => series.points.length);
    const all = times(answer).slice(-MOST_ROWS).reverse();
    const head = el('tr', {}, el('th', { scope: 'col' }, 'Time (' + answer.zone + ')'), ...drawn.map((series) => el('th', { scope: 'col', class: 'n name', title: series.legend }, series.legend)));
    const rows = all.map((ms) => el('tr', {}, el('td', {}, local(answer, ms)),
      ...drawn.map((series) => { const point = series.at.get(ms); return el('td', { class: 'n' }, point && point[1] !== null ? String(point[1]) : ''); })));
    const cut = answer.times.length > MOST_ROWS ? el('p', { class: 'faint' }, 'the newest ' + MOST_ROWS + ' of ' + answer.times.length + ' rows') : '';
    box.replaceChildren(cut, el('table', {}, el('thead', {}, head), el('tbody', {}, ...rows)));
  };
  box.replaceChildren();
  $('rows').ontoggle = () => { if ($('rows').open && !box.childNodes.length) fill(); };
  if ($('rows').open) fill();
}

function showCost(answer, timing) {
  const stages = timing.split(',').map((one) => /^\s*(\w+);dur=([\d.]+)/.exec(one)).filter(Boolean);
  const rows = [
    ['Read from', answer.relations.join(', ') || 'nothing'],
    ['Stages', stages.map(([, name, ms]) => name + ' ' + ms + ' ms').join(', ')],
    ['Rows', answer.rows + ' read from the database'],
    ['Points', String(answer.points)],
  ];
  const cache = /cache;desc="?(\w+)/.exec(timing);
  if (cache) rows.push(['Cache', cache[1]]);
  const table = el('table', {}, el('tbody', {}, ...rows.map(([name, text]) => el('tr', {}, el('th', { scope: 'row' }, name), el('td', {}, text)))));
  const statements = answer.statements.length ? answer.statements.map((text) => el('pre', {}, text))
    : [el('p', { class: 'faint' }, 'Statements are shown where the server runs with DATEBIN_SHOW_SQL=true.')];
  $('cost').querySelector('div').replaceChildren(table, ...statements);
}

const shell = (text) => "'" + text.replaceAll("'", "'\\''") + "'";

function copies() {
  const all = parameters();
  const text = $('text').value.trim();
  const promql = dialect() === 'promql';
  const token = sessionStorage.getItem('datebin.token') ? ' -H "Authorization: Bearer $TOKEN"' : '';
  const options = Object.entries(all).filter(([name]) => name !== 'target' && name !== 'promql');
  const data = [['target', text], ...options].map(([name, value]) => ' --data-urlencode ' + shell(name + '=' + value)).join('');
  const picture = [[dialect(), text], ...options].map(([name, value]) => ' --data-urlencode ' + shell(name + '=' + value)).join('');
  const span = (answer) => answer ? [['query', text], ['start', answer.from / 1000], ['end', answer.to / 1000], ['step', all.step || Math.max(1, Math.round((answer.to - answer.from) / 300000))]] : [];
  const url = location.origin + base;
  return [
    ['Grafana target', JSON.stringify(promql ? { refId: 'A', expr: text, range: true } : { refId: 'A', target: text, ...(all.step ? { payload: { step: all.step } } : {}) })],
    ['PromQL', promql || !state.metric ? text : written('promql')],
    ['curl', promql
      ? 'curl -sG' + token + span(state.answer).map(([name, value]) => ' --data-urlencode ' + shell(name + '=' + value)).join('') + ' ' + shell(url + 'api/v1/query_range')
      : 'curl -sG' + token + data + ' ' + shell(url + 'query')],
    ['curl, the picture', 'curl -sG' + token + picture + ' ' + shell(url + 'chart.svg') + ' -o chart.svg'],
    ['datebin query', 'datebin query ' + (promql ? '--promql ' : '') + options.map(([name, value]) => '--' + name + ' ' + shell(value) + ' ').join('') + (text.startsWith('-') ? '-- ' : '') + shell(text)],
  ];
}

function showCopies() {
  $('copies').querySelector('div').replaceChildren(...copies().map(([name, text]) => el('div', {},
    el('div', { class: 'row' }, el('strong', {}, name), el('button', { type: 'button', 'aria-label': 'Copy as ' + name, onclick: () => copy(text) }, 'Copy')),
    el('pre', {}, text))));
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without TLS there is no clipboard: an element is selected and copied.
    const area = el('textarea', {});
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
  say('copied');
}

// --- the chart ---------------------------------------------------------------------------------------------------

// Pixels of the picture and of the screen differ when the window was resized.
function geometry() {
  const box = $('picture').getBoundingClientRect();
  const scale = box.width / (state.answer.width || box.width);
  const plot = state.answer.plot;
  return { left: plot.left * scale, top: plot.top * scale, width: plot.width * scale, height: plot.height * scale, box };
}

const atTime = (g, ms) => g.left + (ms - state.answer.from) / (state.answer.to - state.answer.from) * g.width;
const atPixel = (g, x) => state.answer.from + Math.max(0, Math.min(1, (x - g.left) / g.width)) * (state.answer.to - state.answer.from);

function place(index) {
  const all = times(state.answer);
  if (!all.length) return;
  state.at = Math.max(0, Math.min(all.length - 1, index));
  const g = geometry(), ms = all[state.at], x = atTime(g, ms);
  Object.assign($('cursor').style, { left: x + 'px', top: g.top + 'px', height: g.height + 'px' });
  const near = (state.answer.to - state.answer.from) * 6 / g.width;
  const marks = state.answer.marks.filter((mark) => ms >= mark.from - near && ms <= (mark.until ?? mark.from) + near);
  const lines = state.answer.series.map((series) => [series, series.at.get(ms)]).filter(([, point]) => point && point[1] !== null);
  $('tip').replaceChildren(el('strong', {}, local(state.answer, ms)),
    ...lines.map(([series, point]) => el('div', {}, swatch(series), point[2] + '  ' + series.legend)),
    ...marks.slice(0, 5).map((mark) => el('div', {}, '◆ ' + mark.text)));
  $('cursor').hidden = $('tip').hidden = false;
  const width = $('tip').offsetWidth, side = x + 12 + width > g.box.width ? x - 12 - width : x + 12;
  Object.assign($('tip').style, { left: Math.max(0, side) + 'px', top: g.top + 8 + 'px' });
}

function leave() {
  state.at = -1;
  $('cursor').hidden = $('tip').hidden = $('brush').hidden = true;
}

function nearest(ms) {
  const all = times(state.answer);
  let low = 0, high = all.length;
  while (low < high) { const middle = (low + high) >> 1; if (all[middle] < ms) low = middle + 1; else high = middle; }
  return low > 0 && (low === all.length || ms - all[low - 1] < all[low] - ms) ? low - 1 : low;
}

function range(from, to) {
  if (to - from < 2) return;
  $('from').value = new Date(from).toISOString();
  $('to').value = new Date(to).toISOString();
  $('quick').value = '';
  ask(true);
}

function zoom(factor) {
  if (!state.answer) return;
  const { from, to } = state.answer;
  const middle = state.at >= 0 ? times(state.answer)[state.at] : (from + to) / 2;
  range(Math.round(middle - (middle - from) * factor), Math.round(middle + (to - middle) * factor));
}

function pointers() {
  let start = null, finger = null;
  const stop = () => { start = finger = null; $('brush').hidden = true; };
  const x = (event) => event.clientX - $('picture').getBoundingClientRect().left;
  $('chart').addEventListener('pointerdown', (event) => {
    // A second finger is no drag, and neither is a drag whose end nobody saw.
    if (start !== null || !state.answer || event.button !== 0) return stop();
    [start, finger] = [x(event), event.pointerId];
    place(nearest(atPixel(geometry(), start)));
  });
  $('chart').addEventListener('pointermove', (event) => {
    if (!state.answer) return;
    const g = geometry();
    place(nearest(atPixel(g, x(event))));
    if (start !== null && event.pointerId === finger && !event.buttons) stop();
    if (start === null || event.pointerId !== finger || Math.abs(x(event) - start) < 5) return;
    const from = Math.min(start, x(event));
    Object.assign($('brush').style, { left: from + 'px', width: Math.abs(x(event) - start) + 'px', top: g.top + 'px', height: g.height + 'px' });
    $('brush').hidden = false;
  });
  addEventListener('pointerup', (event) => {
    if (start === null || event.pointerId !== finger) return;
    const from = start;
    stop();
    if (!state.answer || Math.abs(x(event) - from) < 5) return;
    const g = geometry(), ends = [atPixel(g, from), atPixel(g, x(event))].map(Math.round).sort((a, b) => a - b);
    range(ends[0], ends[1]);
  });
  // The browser takes a swipe that scrolls.
  addEventListener('pointercancel', () => { stop(); leave(); });
  $('chart').addEventListener('pointerleave', () => { if (start === null) leave(); });
  $('chart').addEventListener('dblclick', () => zoom(2));
  $('chart').addEventListener('keydown', (event) => {
    if (!state.answer || event.ctrlKey || event.metaKey || event.altKey) return;
    const last = times(state.answer).length - 1;
    const moves = { ArrowLeft: state.at < 0 ? last : state.at - 1, ArrowRight: state.at < 0 ? 0 : state.at + 1, Home: 0, End: last };
    if (event.key in moves) place(moves[event.key]);
    else if (event.key === '+') zoom(0.5);
    else if (event.key === '-') zoom(2);
    else if (event.key === 'Escape') leave();
    else return;
    event.preventDefault();
  });
}

// --- the catalog -------------------------------------------------------------------------------------------------

function view(name) {
  state.view = name;
  hide($(name === 'explore' ? 'catalog' : 'explore'), document.querySelector('[data-view=' + name + ']'));
  $(name).hidden = false;
  for (const button of document.querySelectorAll('[data-view]')) {
    if (button.dataset.view === name) button.setAttribute('aria-current', 'page');
    else button.removeAttribute('aria-current');
  }
  if (name === 'catalog' && state.catalog) showCatalog();
  if (name === 'explore' && $('text').value.trim() && !fits()) ask(false);
}

// Whether the answer that is shown was asked for with the width that there is.
function fits() {
  return state.answer && state.answer.width === Math.max(160, Math.round($('main').clientWidth));
}

function showCatalog() {
  const words = $('sift').value.toLowerCase().split(/\s+/).filter(Boolean);
  const all = state.catalog;
  const holds = (one) => words.every((word) => JSON.stringify(one).toLowerCase().includes(word));
  const sources = all.sources.filter(holds);
  const left = [...all.left_out.map((one) => one.relation + ': ' + one.reason), ...(all.undeclared || [])].filter(holds);
  const part = (heading, list) => (list.length ? [el('h2', {}, heading), el('ul', { 'data-part': heading }, ...list.slice(0, SHOWN).map((one) => el('li', {}, one))),
    ...(list.length > SHOWN ? [el('p', { class: 'faint' }, 'and ' + (list.length - SHOWN) + ' more')] : [])] : []);
  $('summary').textContent = sources.length + ' of ' + all.sources.length + ' sources, ' + state.metrics.length + ' metrics; days and weeks are those of ' + all.zone;
  fill($('sources'), $('sift'), ...all.notes.map((note) => el('p', { class: 'slow' }, note)), ...sources.slice(0, SHOWN).map(sourceOf),
    ...part('Left out', left), ...part('Annotations', all.annotations));
  undeclared(all);
}

// What the file does not name is found in the database, once for a catalog.
async function undeclared(catalog) {
  if (!catalog.is_whole || catalog.undeclared) return;
  catalog.undeclared = [];
  try {
    catalog.undeclared = (await get('explorer/undeclared')).json;
    if (catalog.undeclared.length && catalog === state.catalog) showCatalog();
  } catch (error) { catalog.undeclared = null; tell(error); }
}

function sourceOf(source) {
  const cells = (list, ...names) => list.map((one) => el('tr', {}, ...names.map((name) => el('td', {}, name === 'name' && one.kind
    ? el('button', { type: 'button', 'data-key': source.relation + ' ' + one.name, onclick: () => show(one.name) }, one.name) : one[name] || ''))));
  const show = (metric) => { view('explore'); pick(metric); (keyed($('metrics'), metric) || $('text')).focus(); };
  const table = (heads, rows) => el('div', { class: 'scroll' }, el('table', {}, el('thead', {}, el('tr', {}, ...heads.map((head) => el('th', { scope: 'col' }, head)))), el('tbody', {}, ...rows)));
  return el('section', { 'data-relation': source.relation },
    el('h2', {}, source.relation), el('p', { class: 'faint' }, [source.origin, ...source.facts].filter(Boolean).join(' · ')),
    table(['Metric', 'Kind', 'Unit', 'From', 'Help'], cells(source.metrics.slice(0, SHOWN), 'name', 'kind', 'unit', 'from', 'help')),
    source.labels.length ? table(['Label', 'From'], cells(source.labels, 'label', 'from')) : '');
}

async function check() {
  say('checking every source …');
  try {
    const { json } = await get('explorer/check');
    const all = [...json.findings.map((finding) => ['', finding]), ...[...json.sources, ...json.annotations].flatMap((one) => one.findings.map((finding) => [one.relation, finding]))];
    $('checked').replaceChildren(el('h2', {}, json.sources.length + ' sources, ' + json.metrics + ' metrics: ' + json.broken + ' broken, ' + json.slow + ' slow'),
      el('ul', {}, ...all.map(([relation, finding]) => el('li', { class: finding.level }, (relation ? relation + ': ' : '') + finding.message,
        finding.fix ? el('pre', {}, finding.fix) : '', finding.cost ? el('p', { class: 'faint' }, finding.cost) : ''))));
    say('');
  } catch (error) { tell(error); }
}

async function discover() {
  say('reading the database …');
  try {
    const { body } = await get('explorer/discovered');
    $('checked').replaceChildren(el('h2', {}, 'datebin.toml as discovery would write it'), el('button', { type: 'button', onclick: () => copy(body) }, 'Copy'), el('pre', {}, body));
    say('');
  } catch (error) { tell(error); }
}

// --- the page ----------------------------------------------------------------------------------------------------

// What one token was shown is not for the next.
function forget() {
  clear(false);
  Object.assign(state, { catalog: null, metrics: [], pickers: new WeakMap() });
  for (const box of [$('sources'), $('checked'), $('summary'), $('reasons')]) box.replaceChildren();
  for (const button of [$('check'), $('discover')]) hide(button, $('sift'));
  listMetrics();
  $('found').textContent = '';
  showFilters();
}

function wire() {
  $('search').addEventListener('input', listMetrics);
  $('sift').addEventListener('input', () => state.catalog && showCatalog());
  $('ask').addEventListener('submit', (event) => { event.preventDefault(); ask(true); });
  $('text').addEventListener('keydown', (event) => { if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); ask(true); } });
  $('text').addEventListener('input', () => { state.metric = ''; state.filters = []; press(); showFilters(); });
  $('add-filter').addEventListener('click', addFilter);
  $('quick').addEventListener('change', () => { if ($('quick').value) { $('from').value = $('quick').value; $('to').value = 'now'; ask(true); } });
  for (const radio of document.querySelectorAll('[name=dialect]')) radio.addEventListener('change', () => { hint(); if (state.metric) write(); ask(true); });
  $('annotations').addEventListener('change', () => ask(true));
  $('zoom-in').addEventListener('click', () => zoom(0.5));
  $('zoom-out').addEventListener('click', () => zoom(2));
  $('check').addEventListener('click', check);
  $('discover').addEventListener('click', discover);
  for (const button of document.querySelectorAll('[data-view]')) button.addEventListener('click', () => { view(button.dataset.view); remember(true); });
  $('token-form').addEventListener('submit', (event) => {
    event.preventDefault();
    const token = $('token').value.trim();
    if (token) sessionStorage.setItem('datebin.token', token); else sessionStorage.removeItem('datebin.token');
    $('token').value = '';
    $('access').open = false;
    $('access').querySelector('summary').focus();
    forget();
    loadMetrics();
    ask(false);
  });
  addEventListener('popstate', restore);
  let resized;
  addEventListener('resize', () => { clearTimeout(resized); resized = setTimeout(() => state.answer && !fits() && ask(false), 300); });
  const zones = Intl.supportedValuesOf ? Intl.supportedValuesOf('timeZone') : [];
  $('zones').replaceChildren(...['UTC', ...zones].map((zone) => el('option', { value: zone })));
  pointers();
}

wire();
restore();
loadMetrics();
