// The chart: the values under the cursor, and zooming.

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
