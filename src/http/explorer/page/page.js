// The page as a whole: what starts it, and what the controls do.

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
