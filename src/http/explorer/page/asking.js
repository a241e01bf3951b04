// What is asked, the address that says the same, and the answer to it or the error.

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
