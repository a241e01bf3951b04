// An answer beside its chart: the legend, the series that are not drawn, the table, what it cost.

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
    el('ul', { tabindex: 0, 'aria-label': 'Series that are not drawn' }, ...undrawn.map((one) => el('li', {}, one.legend + ': ' + one.reason))),
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
