// Infinity: what its backend parser needs, and what its frontend parsers and other plugins make of the same answers.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { base, generation } from './grafana.mjs';
import { ask, assertRows } from './infinity.mjs';

const range = { from: '2025-01-01T00:00:00.000Z', to: '2025-01-01T00:03:00.000Z' };
const minute = (n) => Date.UTC(2025, 0, 1, 0, n);
const grafana = await generation(13);
const column = (selector, type) => ({ selector, text: selector, type });

function query(url, params, columns, format = 'timeseries') {
  const list = Object.entries({ from: '${__from}', to: '${__to}', interval_ms: '${__interval_ms}', ...params });
  const url_options = { method: 'GET', params: list.map(([key, value]) => ({ key, value })) };
  return { type: 'json', source: 'url', parser: 'backend', format, url, url_options, columns };
}
const labelled = [column('time', 'timestamp_epoch'), column('host', 'string'), column('value', 'number')];
const get = async (path) => {
  const response = await fetch(`${base}${path}`);
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
};

test('rows stand at the root, ascend over all series and have every key', async () => {
  const answer = await ask(grafana, query('/query', { target: 'cpu' }, labelled), range);
  assertRows(answer, query('/query', {}, labelled));
  const row = (at, host, region, value) => ({ time: minute(at), host, region, value });
  assert.deepEqual(answer.rows, [
    row(0, 'a/b|"c', 'us', 7),
    row(0, 'web-1.example.com', 'eu', 10),
    row(0, 'web-2.example.com', 'us', 1),
    row(1, 'web-1.example.com', 'eu', 20),
    row(1, 'web-2.example.com', 'us', 2),
    row(2, 'web-1.example.com', 'eu', null),
    row(2, 'web-2.example.com', 'us', 3),
  ]);
});

test('in an alert rule nobody replaces the variables', async () => {
  const asked = query('/query', { target: 'max(cpu)', max_data_points: '$maxDataPoints', tz: '${tz}' }, labelled);
  const { rows } = await ask(grafana, asked, range, { inAlert: true });
  assert.deepEqual(rows.map(({ time, value }) => [time, value]), [[minute(0), 10], [minute(1), 20], [minute(2), 3]]);
});

test('wide rows have a column per legend', async () => {
  const { rows } = await ask(grafana, query('/query', { target: 'avg by (region) (cpu)', legend: '{{region}}', format: 'wide' }, []), range);
  assert.deepEqual(rows, [
    { time: minute(0), eu: 10, us: 4 },
    { time: minute(1), eu: 20, us: 2 },
    { time: minute(2), eu: null, us: 3 },
  ]);
});

test('frames, tables and series are what toDataFrame takes', async () => {
  const path = (format) => `/query?target=cpu%7Bhost%3D%22web-2.example.com%22%7D&from=${minute(0)}&to=${minute(3)}&interval_ms=60000&format=${format}`;
  for (const format of ['frames', 'timeseries', 'table']) {
    const { status, text } = await get(path(format));
    assert.equal(status, 200, text);
    const [frame] = grafana.frames(JSON.parse(text));
    const value = frame.fields.find((field) => field.type === 'number');
    assert.deepEqual(value.values, [1, 2, 3], format);
    assert.deepEqual(frame.fields.find((field) => field.type === 'time').values, [0, 1, 2].map(minute), format);
    assert.equal(value.config.unit, 'percent', format);
  }
  const [frame] = grafana.frames(JSON.parse((await get(path('frames'))).text));
  assert.deepEqual(grafana.legends([frame]), ['cpu']);
  assert.deepEqual(frame.fields[1].labels, { host: 'web-2.example.com', region: 'us' });
});

test('CSV has a header, and one row per point', async () => {
  const { text, type } = await get(`/query?target=sum(cpu)&from=${minute(0)}&to=${minute(3)}&interval_ms=60000&format=csv`);
  assert.match(type, /^text\/csv/);
  assert.deepEqual(text.trimEnd().split('\r\n'), ['time,value', `${minute(0)},18.0`, `${minute(1)},22.0`, `${minute(2)},`]);
});

test('no data is an empty list, and never an empty body', async () => {
  for (const format of ['rows', 'wide', 'frames']) {
    const { status, text } = await get(`/query?target=cpu%7Bhost%3D%22none%22%7D&from=${minute(0)}&to=${minute(3)}&format=${format}`);
    assert.equal(status, 200);
    assert.ok(Array.isArray(JSON.parse(text)), `${format}: ${text}`);
  }
  assert.notEqual((await get('/query?target=cpu%7Bhost%3D%22none%22%7D&format=csv')).text, '');
});

test('variables have the columns that Infinity looks for', async () => {
  const columns = [column('__text', 'string'), column('__value', 'string')];
  const asked = query('/variable', { query: 'label_values(cpu, region)' }, columns, 'table');
  const { rows } = await ask(grafana, asked, range);
  assert.deepEqual(rows, [{ __text: 'eu', __value: 'eu' }, { __text: 'us', __value: 'us' }]);
});

test('annotations are events, their tags one text', async () => {
  const columns = [
    column('time', 'timestamp_epoch'),
    column('timeEnd', 'timestamp_epoch'),
    column('title', 'string'),
    column('text', 'string'),
    column('tags', 'string'),
  ];
  const asked = query('/annotations', { query: '' }, columns, 'table');
  const events = await grafana.events([grafana.data.toDataFrame(assertRows(await ask(grafana, asked, range), asked))]);
  assert.deepEqual(events.map(({ time, title, tags }) => [time, title, tags]), [
    [minute(0) + 30_000, 'outage', ['incident']],
    [minute(1), 'web 1.2', ['deploy', 'prod']],
  ]);
  assert.equal(events[0].timeEnd, minute(2));
  assert.ok(!events[1].timeEnd);
});

test('a body with nothing but targets, sent as text, is answered', async () => {
  for (const body of ['{"targets":[{"target":"cpu"}]}', '{"targets":[{"type":"table"}]}', '{"targets":[{"target":"cpu","type":"table"}]}']) {
    const response = await fetch(`${base}/query`, { method: 'POST', headers: { 'content-type': 'text/plain' }, body });
    assert.equal(response.status, 200);
    assert.ok(Array.isArray(await response.json()));
  }
});
