// The catalog, and what the database says of it.

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
