// The same question for other programs.

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
