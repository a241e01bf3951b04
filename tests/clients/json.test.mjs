// The "JSON" data source in two generations of Grafana.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { z } from 'zod';

import { generation, request, shown } from './grafana.mjs';

const range = { from: '2025-01-01T00:00:00.000Z', to: '2025-01-01T00:03:00.000Z' };
const minute = (n) => Date.UTC(2025, 0, 1, 0, n);

for (const major of [10, 13]) {
  const grafana = await generation(major);
  const { data, json, templates } = grafana;
  const ask = async (targets, rest = {}) => {
    const listed = targets.map((target, at) => ({ refId: 'ABC'[at], ...target }));
    return (await json.query(request(grafana, listed, { ...range, ...rest }))).data;
  };
  const within = { range: { from: data.dateTime(range.from), to: data.dateTime(range.to), raw: range } };
  const inGrafana = (name, body) =>
    test(`Grafana ${major}: ${name}`, async () => {
      templates.values = {};
      await body();
    });
  const hosts = (frames) => frames.filter((frame) => frame.length > 0).map((frame) => frame.fields[1].labels.host);

  inGrafana('the health check is good, with and without a slash', async () => {
    const good = { status: 'success' };
    assert.deepEqual(await json.testDatasource(), good);
    assert.deepEqual(await (await generation(major, '/')).json.testDatasource(), good);
  });

  inGrafana('a code payload fills, names and times an answer', async () => {
    const payload = '{"fill": "null", "legend": "{{host}} in {{ region }}", "step": "1m"}';
    const frames = await ask([{ target: 'cpu{host=~"web.*"}', payload, editorMode: 'code' }]);
    assert.deepEqual(grafana.legends(frames), ['web-1.example.com in eu', 'web-2.example.com in us']);
    const [time, value] = frames[1].fields;
    assert.deepEqual(time.values, [0, 1, 2].map(minute));
    assert.deepEqual(value.values, [1, 2, 3]);
    assert.equal(value.config.unit, 'percent');
  });

  inGrafana('what the builder sends is the question', async () => {
    templates.values = { region: ['eu', 'us'], host: ['a/b|"c', 'web-1.example.com'] };
    const payload = { over_time: 'max_over_time', aggregation: 'sum', by: ['region'], 'label:region': ['$region'], legend: '{{region}}' };
    const frames = await ask([{ target: 'cpu', payload, editorMode: 'builder' }]);
    assert.deepEqual(frames.map((frame) => [frame.fields[1].labels, frame.fields[1].values]), [
      [{ region: 'eu' }, [10, 20, null]],
      [{ region: 'us' }, [8, 2, 3]],
    ]);
    assert.deepEqual(grafana.legends(frames), ['eu', 'us']);
    for (const picked of [['$host'], templates.values.host]) {
      const picks = { 'label:host': picked };
      assert.deepEqual(hosts(await ask([{ target: 'cpu', payload: picks, editorMode: 'builder' }])), templates.values.host);
    }
  });

  inGrafana('a table and an instant have typed columns', async () => {
    const [table] = await ask([{ target: 'avg by (region) (cpu{host=~"web.*"})', payload: '{"format": "table"}' }]);
    assert.deepEqual(table.fields.map(({ name, type }) => [name, type]), [['Time', 'time'], ['region', 'string'], ['Value', 'number']]);
    assert.deepEqual(table.fields[2].values, [10, 1, 20, 2, null, 3]);
    const [instant] = await ask([{ target: 'cpu', payload: '{"format": "instant"}' }]);
    const [, host, region, value] = instant.fields;
    assert.deepEqual(host.values, ['a/b|"c', 'web-1.example.com', 'web-2.example.com']);
    assert.deepEqual([region.type, value.type, value.values.at(-1)], ['string', 'number', 3]);
    assert.equal(value.config.unit, 'percent');
  });

  inGrafana('what a payload says that means nothing is a notice, not a failure', async () => {
    const [frame] = await ask([{ target: 'max(cpu)', payload: '{"fill": "prevous"}' }]);
    assert.deepEqual(frame.fields[1].values, [10, 20, 3]);
    assert.match(frame.meta.notices[0].text, /prevous.*previous/);
  });

  inGrafana('an empty or a number as a target leaves the others alone', async () => {
    const frames = await ask([{ target: '' }, { target: 95 }, { target: 'max(cpu)' }]);
    const drawn = frames.filter((frame) => frame.length > 0 && frame.refId === 'C');
    assert.deepEqual(drawn.map((frame) => frame.fields[1].values), [[10, 20, 3]]);
  });

  inGrafana('filters of the dashboard narrow', async () => {
    const filters = [{ key: 'host', operator: '=~', value: 'web.*' }, { key: 'region', operator: '!=', value: 'us' }];
    assert.deepEqual(hosts(await ask([{ target: 'cpu' }], { filters })), ['web-1.example.com']);
    const several = [{ key: 'host', operator: '=|', value: 'a/b|"c', values: ['a/b|"c', 'web-2.example.com'] }];
    assert.deepEqual(hosts(await ask([{ target: 'cpu' }], { filters: several })), ['a/b|"c', 'web-2.example.com']);
  });

  inGrafana('an error has a sentence', async () => {
    const failure = await ask([{ target: 'sum by (host (cpu)' }]).catch((thrown) => thrown);
    assert.equal(failure.status, 400);
    assert.equal(typeof shown(failure), 'string');
    assert.match(failure.data.error.code, /^bad_target$/);
  });

  inGrafana('the metric list passes the check of the builder', async () => {
    const metrics = await json.listMetrics('');
    assert.deepEqual(metrics.map(({ value, label }) => [value, label]), [['cpu', 'cpu'], ['requests', 'requests']]);
    for (const target of ['cpu', 'sum by (region) (cpu)']) {
      const listed = await json.listMetrics(target, { 'label:region': ['eu'] });
      const current = listed.find((metric) => metric.value === target);
      const fields = z.array(z.object({ name: z.string() }).loose()).parse(current.payloads);
      const known = ['input', 'select', 'multi-select', 'textarea'];
      assert.ok(fields.every(({ type, label }) => known.includes(type) && typeof label === 'string'));
      const names = fields.map(({ name }) => name);
      for (const name of ['over_time', 'aggregation', 'by', 'label:host', 'label:region', 'fill', 'format', 'legend']) {
        assert.ok(names.includes(name), name);
      }
    }
  });

  inGrafana('the builder narrows what it offers', async () => {
    const values = (options) => options.map(({ value }) => value);
    const options = (name, payload) => json.listMetricPayloadOptions(name, 'cpu', payload);
    assert.deepEqual(values(await options('label:host', {})), ['a/b|"c', 'web-1.example.com', 'web-2.example.com']);
    assert.deepEqual(values(await options('label:host', { 'label:region': ['eu'] })), ['web-1.example.com']);
    templates.values = { region: ['eu', 'us'] };
    assert.equal((await options('label:host', { 'label:region': ['$region'] })).length, 3);
    const by = await options('by', {});
    assert.deepEqual(by, ['host', 'region'].map((value) => ({ value, label: value })));
    assert.deepEqual(await json.listMetricPayloadOptions('nothing', 'nowhere', {}), []);
  });

  inGrafana('variables have texts and values', async () => {
    const ask = (query, format = 'string') => json.metricFindQuery({ query, format }, within);
    const same = (texts) => texts.map((text) => ({ text, value: text }));
    const all = same(['a/b|"c', 'web-1.example.com', 'web-2.example.com']);
    assert.deepEqual(await ask('label_values(cpu, host)'), all);
    assert.deepEqual(await ask('{"target": "label_values(cpu, host)"}', 'json'), all);
    templates.values = { region: ['eu'] };
    assert.deepEqual(await ask('label_values(cpu{region=~"$region"}, host)'), all.slice(1, 2));
    assert.deepEqual(await ask('label_names(cpu)'), same(['host', 'region']));
    assert.deepEqual(await ask('metrics(c.*)'), same(['cpu']));
    assert.deepEqual(await ask('label_values(cpu{host="none"}, host)'), []);
    assert.equal((await ask('query_result(max(cpu))')).length, 1);
  });

  inGrafana('annotations are events with a time, an end, texts and tags', async () => {
    const events = async (target) => {
      const scopedVars = { __annotation: { text: 'Events', value: { name: 'Events' } } };
      const { data: frames } = await json.query(request(grafana, [{ refId: 'Anno', target, payload: '' }], { ...range, scopedVars }));
      assert.equal(frames.length, 1, 'several would be merged by their fields');
      return grafana.events(frames);
    };
    const [outage, deploy] = await events('');
    assert.deepEqual([outage.time, outage.timeEnd, outage.title, outage.tags], [minute(0) + 30_000, minute(2), 'outage', ['incident']]);
    assert.deepEqual([deploy.time, deploy.title, deploy.text, deploy.tags], [minute(1), 'web 1.2', 'Deployed', ['deploy', 'prod']]);
    assert.ok(!deploy.timeEnd, 'a point has no end');
    assert.notEqual(outage.id, deploy.id);
    assert.deepEqual((await events('#deploy')).map(({ title }) => title), ['web 1.2']);
    assert.deepEqual(await events('#none'), []);
  });

  inGrafana('the ad hoc pickers honour what is picked already', async () => {
    const timeRange = within.range;
    const filters = [{ key: 'region', operator: '=', value: 'eu' }];
    const texts = (options) => options.map(({ text }) => text);
    assert.deepEqual(texts(await json.getTagKeys({ filters, timeRange })).includes('host'), true);
    assert.deepEqual(texts(await json.getTagValues({ key: 'host', filters, timeRange })), ['web-1.example.com']);
    assert.deepEqual(await json.getTagValues({ key: 'none', filters: [] }), []);
  });
}
