// What Infinity's backend does with a query of type `json` and an answer: its parameters, its macros, its columns.

import assert from 'node:assert/strict';

import { base } from './grafana.mjs';

const number = (value) => value === null || typeof value === 'number';

/** Cells that a column of that type takes as they are. */
const cells = {
  timestamp_epoch: (value) => value === null || Number.isInteger(value),
  number,
  string: (value) => typeof value === 'string',
};

/** The macros of URLs, parameters and bodies; in an alert nobody has interpolated a dashboard's variables. */
function macros(text, range) {
  const [from, to] = [range.from, range.to].map((time) => Date.parse(time));
  const known = { __from: from, __to: to, __timeFrom: from, __timeTo: to };
  return text.replace(/\$\{(\w+)\}/g, (all, name) => known[name] ?? all);
}

/** Asks what the query says; answers what the server sent. */
export async function ask(grafana, query, range, { inAlert = false } = {}) {
  assert.equal(query.parser, 'backend', 'only the backend parser can alert');
  assert.equal(query.source, 'url');
  const scoped = { __interval_ms: { text: '60000', value: 60_000 } };
  const interpolate = (text) => macros(inAlert ? text : grafana.templates.replace(text, { ...scoped, ...epochs(range) }), range);
  const { method, params = [], data } = query.url_options;
  // Go encodes them sorted by key.
  const sorted = params.map(({ key, value }) => [key, interpolate(value)]).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const url = `${base}${query.url}${params.length > 0 ? `?${new URLSearchParams(sorted)}` : ''}`;
  const headers = { accept: 'application/json;q=0.9,text/plain', 'user-agent': 'Grafana' };
  const body = method === 'POST' ? interpolate(data) : undefined;
  const response = await fetch(url, { method, headers: body === undefined ? headers : { ...headers, 'content-type': 'text/plain' }, body });
  const text = await response.text();
  assert.equal(response.status, 200, `${url}: ${text.slice(0, 400)}`);
  assert.notEqual(text, '', 'an empty body is an error to Infinity');
  return { url, rows: JSON.parse(text) };
}

function epochs(range) {
  const value = (time) => ({ text: String(Date.parse(time)), value: String(Date.parse(time)) });
  return { __from: value(range.from), __to: value(range.to) };
}

/** The frame of the declared columns. As a time series it must ascend over all series, or alerting refuses it. */
export function assertRows({ url, rows }, query) {
  assert.ok(Array.isArray(rows) && rows.length > 0, `${url} has rows`);
  for (const row of rows) {
    for (const { selector, type } of query.columns) {
      // A region ends, a point does not.
      const value = selector === 'timeEnd' ? (row[selector] ?? null) : row[selector];
      assert.ok(value !== undefined && cells[type](value), `${url}: ${selector} is ${JSON.stringify(value)}`);
    }
  }
  const strings = query.columns.filter(({ type }) => type === 'string').map(({ selector }) => selector);
  const series = new Set(rows.map((row) => JSON.stringify(strings.map((name) => row[name])))).size;
  if (query.format === 'timeseries') {
    assert.equal(query.columns[0].type, 'timestamp_epoch');
    rows.reduce((before, row) => {
      assert.ok(row.time >= before, `${url} ascends`);
      return row.time;
    }, 0);
    const points = rows.map((row) => JSON.stringify([row.time, ...strings.map((name) => row[name])]));
    assert.equal(new Set(points).size, points.length, `${url} has one value per series and time`);
  }
  const types = { timestamp_epoch: 'time', number: 'number', string: 'string' };
  const fields = query.columns.map(({ selector, text, type }) => ({
    name: text,
    type: types[type],
    values: rows.map((row) => row[selector] ?? null),
  }));
  return { name: undefined, fields, length: rows.length, series };
}
