// The filters: a label, a condition and values each.

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
