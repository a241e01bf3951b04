// What Grafana's own Prometheus source sends, from its backend and from its front end, and the frames that it makes.

import assert from 'node:assert/strict';

import { base } from './grafana.mjs';

const FORM = { 'content-type': 'application/x-www-form-urlencoded', 'accept-encoding': 'gzip' };
/** `timeInterval` of the source. */
const INTERVAL = 60;

/** Several values as the source writes them behind `=~`. */
const several = (values) => `(${values.map((value) => value.replace(/[\\^$.*+?()[\]{}|]/g, '\\\\$&')).join('|')})`;

function interpolated(grafana, text, step) {
  const values = Object.entries(grafana.templates.values);
  const lists = values.filter(([, value]) => Array.isArray(value)).map(([name, value]) => [name, { value: several(value) }]);
  const scoped = {
    __interval: { value: duration(step) },
    __rate_interval: { value: duration(Math.max(step + INTERVAL, 4 * INTERVAL)) },
    ...Object.fromEntries(lists),
  };
  return grafana.templates.replace(text, scoped, 'text');
}

/** Go's spelling: `1m0s`. */
function duration(seconds) {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return `${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${seconds % 60}s`;
}

async function post(path, parameters) {
  const response = await fetch(`${base}${path}`, { method: 'POST', headers: FORM, body: new URLSearchParams(parameters) });
  const text = await response.text();
  assert.equal(response.status, 200, `${path} ${JSON.stringify(parameters)}: ${text.slice(0, 400)}`);
  const answer = JSON.parse(text);
  assert.equal(answer.warnings, undefined, text.slice(0, 400));
  return answer.data;
}

/** The series of a query: a range with points, or an instant with one of each. */
export async function ask(grafana, query, range, { inAlert = false } = {}) {
  const [from, to] = [range.from, range.to].map((time) => Date.parse(time) / 1000);
  const step = Math.max(INTERVAL, Math.ceil((to - from) / (range.maxDataPoints ?? 500) / INTERVAL) * INTERVAL);
  const expr = inAlert ? query.expr : interpolated(grafana, query.expr, step);
  assert.equal(query.range, !query.instant, 'one of both');
  if (query.instant) {
    const { result } = await post('/api/v1/query', { query: expr, time: String(to) });
    return result.map(({ metric, value }) => ({ metric, values: [value] }));
  }
  const [start, end] = [from, to].map((time) => Math.floor(time / step) * step);
  const { resultType, result } = await post('/api/v1/query_range', { query: expr, start, end, step });
  assert.equal(resultType, 'matrix');
  return result;
}

/** The frames of series. */
export function frames(grafana, series) {
  const frame = ({ metric: { __name__: name, ...labels }, values }) =>
    grafana.data.toDataFrame({
      name,
      fields: [
        { name: 'Time', type: 'time', values: values.map(([time]) => time * 1000) },
        { name: 'Value', type: 'number', labels, values: values.map(([, value]) => Number(value)) },
      ],
    });
  return series.map(frame);
}

/** What a query variable offers. */
export async function variable(grafana, { query: { query } }, range) {
  const [, selector, label] = /^label_values\((.*), (\w+)\)$/.exec(interpolated(grafana, query, INTERVAL));
  const seconds = (time) => Math.floor(Date.parse(time) / 60_000) * 60;
  const parameters = new URLSearchParams({ 'match[]': selector, start: seconds(range.from), end: seconds(range.to) });
  const response = await fetch(`${base}/api/v1/label/${label}/values?${parameters}`);
  assert.equal(response.status, 200);
  return (await response.json()).data.map((text) => ({ text }));
}
