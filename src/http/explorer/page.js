'use strict';
// The page knows nothing but the server that it came from: every request goes below the path that it was opened at.
const base = location.pathname.replace(/\/+$/, '') + '/';
const $ = (id) => document.getElementById(id);
const state = { metrics: [], metric: '', filters: [], answer: null, at: -1, asked: 0, view: 'explore' };

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

async function get(path, parameters, signal) {
  const query = new URLSearchParams(parameters || {}).toString();
  const token = sessionStorage.getItem('datebin.token');
  const headers = token ? { Authorization: 'Bearer ' + token } : {};
  let response;
  try {
    response = await fetch(base + path + (query ? '?' + query : ''), { headers, signal });
  } catch {
    throw new Error('the server does not answer');
  }
  const body = await response.text();
  let json = null;
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
    state.metrics = json.sources.flatMap((source) => source.metrics);
    const seen = new Set();
    state.metrics = state.metrics.filter((metric) => !seen.has(metric.name) && seen.add(metric.name));
    state.metrics.sort((a, b) => (a.name < b.name ? -1 : 1));
    $('tz').placeholder = json.zone;
    listMetrics();
    if (state.view === 'catalog') showCatalog();
  } catch (error) {
    $('found').textContent = error.message;
  }
}

const SHOWN = 200;

function listMetrics() {
  const words = $('search').value.toLowerCase().split(/\s+/).filter(Boolean);
  const holds = (metric) => words.every((word) => (metric.name + ' ' + (metric.help || '')).toLowerCase().includes(word));
  const found = state.metrics.filter(holds);
  const shown = found.slice(0, SHOWN);
  $('found').textContent = found.length === shown.length
    ? found.length + ' of ' + state.metrics.length + ' metrics'
    : 'the first ' + SHOWN + ' of ' + found.length + ' metrics';
  $('metrics').replaceChildren(...shown.map((metric) => el('li', {},
    el('button', { type: 'button', 'aria-pressed': String(metric.name === state.metric), onclick: () => pick(metric.name) },
      metric.name, el('small', {}, [metric.kind, metric.unit, metric.help].filter(Boolean).join(' · '))))));
}

function pick(name) {
  state.metric = name;
  state.filters = [];
  listMetrics();
  write();
  ask(true);
}

// --- the question ------------------------------------------------------------------------------------------------

const dialect = () => document.querySelector('[name=dialect]:checked').value;
const quoted = (text) => JSON.stringify(text);

function selector() {
  const matchers = state.filters.filter((filter) => filter.label && filter.values.length).map((filter) => {
    const [first, ...more] = filter.values;
    const operator = more.length ? (filter.not ? '!~' : '=~') : (filter.not ? '!=' : '=');
    const escaped = (value) => value.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
    const value = more.length ? filter.values.map(escaped).join('|') : first;
    return filter.label + operator + quoted(value);
  });
  const plain = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(state.metric);
  if (plain) return state.metric + (matchers.length ? '{' + matchers.join(', ') + '}' : '');
  if (!matchers.length && dialect() === 'target') return state.metric;
  return '{' + ['__name__=' + quoted(state.metric), ...matchers].join(', ') + '}';
}

function write() {
  const metric = state.metrics.find((one) => one.name === state.metric);
  const counts = metric && metric.kind === 'counter';
  $('text').value = dialect() === 'promql' && counts ? 'rate(' + selector() + '[5m])' : selector();
  showFilters();
}

function showFilters() {
  const add = () => { state.filters.push({ label: '', values: [], not: false }); showFilters(); };
  const picks = state.metric ? state.filters.map(picker) : [];
  const button = state.metric ? [el('button', { type: 'button', id: 'add-filter', onclick: add }, 'Add a filter')] : [];
  $('filters').replaceChildren(...picks, ...button);
}

// What the other filters leave: a filter does not narrow its own values.
function scope(filter) {
  const all = state.filters;
  state.filters = all.filter((one) => one !== filter);
  const plain = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(state.metric);
  const text = plain || state.filters.length ? selector() : '{__name__=' + quoted(state.metric) + '}';
  state.filters = all;
  return text;
}

function picker(filter) {
  const label = el('select', { 'aria-label': 'Label', onchange: () => { filter.label = label.value; filter.values = []; fillValues(); } });
  const not = el('select', { 'aria-label': 'Condition', onchange: () => { filter.not = not.value === 'not'; changed(); } },
    el('option', { value: 'is' }, 'is'), el('option', { value: 'not', selected: filter.not }, 'is not'));
  const value = el('select', { 'aria-label': 'Value', onchange: () => { filter.values = [...value.selectedOptions].map((option) => option.value); changed(); } });
  const remove = el('button', { type: 'button', 'aria-label': 'Remove the filter', onclick: () => { state.filters = state.filters.filter((one) => one !== filter); write(); ask(true); } }, '×');
  const changed = () => { write(); ask(true); };
  const options = (node, list, chosen, first) => node.replaceChildren(el('option', { value: '' }, first),
    ...list.map((one) => el('option', { value: one, selected: chosen.includes(one) }, one)));
  async function fillLabels() {
    const { json } = await get('api/v1/labels', { 'match[]': scope(filter) });
    options(label, json.data.filter((name) => name !== '__name__'), [filter.label], 'label');
  }
  async function fillValues() {
    if (!filter.label) return;
    options(value, filter.values, filter.values, 'loading');
    const { json } = await get('api/v1/label/' + encodeURIComponent(filter.label) + '/values', { 'match[]': scope(filter), limit: 1000 });
    options(value, json.data, filter.values, json.data.length + ' values');
  }
  options(label, filter.label ? [filter.label] : [], [filter.label], 'label');
  options(value, filter.values, filter.values, 'value');
  fillLabels().then(fillValues).catch((error) => say(error.message));
  return el('span', { class: 'pick' }, label, not, value, remove);
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
    return Array.isArray(all) ? all.filter((one) => one && isText(one.label) && Array.isArray(one.values) && one.values.every(isText)) : [];
  } catch { return []; }
}

function restore() {
  const all = new URLSearchParams(location.search);
  const name = all.has('promql') ? 'promql' : 'target';
  document.querySelector('[name=dialect][value=' + name + ']').checked = true;
  $('text').value = all.get(name) || '';
  $('from').value = all.get('from') || 'now-6h';
  $('to').value = all.get('to') || 'now';
  for (const id of ['tz', 'step']) $(id).value = all.get(id) || '';
  $('annotations').checked = all.get('annotations') !== 'off';
  state.metric = all.get('metric') || '';
  state.filters = filtersOf(all.get('filters'));
  showFilters();
  hint();
  // Asks where there is something to ask and a place for the chart.
  state.answer = null;
  view(all.get('view') === 'catalog' ? 'catalog' : 'explore');
}

function hint() {
  $('dialect-help').textContent = dialect() === 'target'
    ? 'buckets in the zone, as the JSON data sources ask' : 'steps and windows, as Prometheus evaluates them';
}

async function ask(pushes) {
  remember(pushes);
  // Without a place for the chart nobody sees it: it is asked for when there is one.
  if (!$('text').value.trim() || state.view !== 'explore') return;
  const number = ++state.asked;
  if (state.abort) state.abort.abort();
  state.abort = new AbortController();
  const width = Math.max(160, Math.round($('main').clientWidth));
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  const all = { ...parameters(), width, height: Math.max(220, Math.min(420, Math.round(width / 2.4))), theme: dark ? 'dark' : 'light' };
  if ($('annotations').checked) all.annotations = '*';
  say('asking …');
  $('welcome').hidden = true;
  try {
    const { json, timing } = await get('explorer/answer', all, state.abort.signal);
    if (number !== state.asked) return;
    state.answer = json;
    fail('');
    show(json, timing);
    say(json.points + ' points of ' + json.count + ' series');
  } catch (error) {
    if (number !== state.asked) return;
    fail(error.message);
    say('');
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
    el('td', {}, swatch(series), series.legend), ...['last', 'min', 'max', 'avg'].map((name) => el('td', { class: 'n' }, series[name]))));
  const more = answer.count - answer.series.length;
  $('legend').replaceChildren(el('table', {}, el('thead', {}, head), el('tbody', {}, ...rows)),
    more > 0 ? el('p', { class: 'faint' }, 'and ' + more + ' more series, not drawn') : '');
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
    const head = el('tr', {}, el('th', { scope: 'col' }, 'Time (' + answer.zone + ')'), ...drawn.map((series) => el('th', { scope: 'col', class: 'n' }, series.legend)));
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
    ['PromQL', text],
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
  let start = null;
  const x = (event) => event.clientX - $('picture').getBoundingClientRect().left;
  $('chart').addEventListener('pointerdown', (event) => { if (state.answer && event.button === 0) start = x(event); });
  $('chart').addEventListener('pointermove', (event) => {
    if (!state.answer) return;
    const g = geometry();
    place(nearest(atPixel(g, x(event))));
    if (start === null || Math.abs(x(event) - start) < 5) return;
    const from = Math.min(start, x(event));
    Object.assign($('brush').style, { left: from + 'px', width: Math.abs(x(event) - start) + 'px', top: g.top + 'px', height: g.height + 'px' });
    $('brush').hidden = false;
  });
  addEventListener('pointerup', (event) => {
    const from = start;
    start = null;
    $('brush').hidden = true;
    if (from === null || !state.answer || Math.abs(x(event) - from) < 5) return;
    const g = geometry(), ends = [atPixel(g, from), atPixel(g, x(event))].map(Math.round).sort((a, b) => a - b);
    range(ends[0], ends[1]);
  });
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
  $('explore').hidden = name !== 'explore';
  $('catalog').hidden = name !== 'catalog';
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
  const sources = all.sources.filter((source) => words.every((word) => JSON.stringify(source).toLowerCase().includes(word)));
  $('summary').textContent = sources.length + ' of ' + all.sources.length + ' sources, ' + state.metrics.length + ' metrics; days and weeks are those of ' + all.zone;
  $('sources').replaceChildren(...all.notes.map((note) => el('p', { class: 'slow' }, note)), ...sources.slice(0, SHOWN).map(sourceOf),
    ...(all.annotations.length ? [el('h2', {}, 'Annotations'), el('ul', {}, ...all.annotations.map((one) => el('li', {}, one)))] : []));
}

function sourceOf(source) {
  const cells = (list, ...names) => list.map((one) => el('tr', {}, ...names.map((name) => el('td', {}, name === 'name' && one.kind
    ? el('button', { type: 'button', onclick: () => { view('explore'); pick(one.name); } }, one.name) : one[name] || ''))));
  const table = (heads, rows) => el('div', { class: 'scroll' }, el('table', {}, el('thead', {}, el('tr', {}, ...heads.map((head) => el('th', { scope: 'col' }, head)))), el('tbody', {}, ...rows)));
  return el('section', { 'data-relation': source.relation },
    el('h2', {}, source.relation), el('p', { class: 'faint' }, source.facts.join(' · ')),
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
  } catch (error) { say(error.message); }
}

async function discover() {
  say('reading the database …');
  try {
    const { body } = await get('explorer/discovered');
    $('checked').replaceChildren(el('h2', {}, 'datebin.toml as discovery would write it'), el('button', { type: 'button', onclick: () => copy(body) }, 'Copy'), el('pre', {}, body));
    say('');
  } catch (error) { say(error.message); }
}

// --- the page ----------------------------------------------------------------------------------------------------

function wire() {
  $('search').addEventListener('input', listMetrics);
  $('sift').addEventListener('input', () => state.catalog && showCatalog());
  $('ask').addEventListener('submit', (event) => { event.preventDefault(); ask(true); });
  $('text').addEventListener('keydown', (event) => { if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); ask(true); } });
  $('text').addEventListener('input', () => { state.metric = ''; state.filters = []; showFilters(); });
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
