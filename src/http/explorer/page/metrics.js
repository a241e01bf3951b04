// The list of metrics.

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
