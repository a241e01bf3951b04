// The SimpleJson data source in an old Grafana and in a new one.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { generation, request, shown } from './grafana.mjs';

const range = { from: '2025-01-01T00:00:00.000Z', to: '2025-01-01T00:03:00.000Z' };
const minute = (n) => Date.UTC(2025, 0, 1, 0, n);

for (const major of [10, 13]) {
  const grafana = await generation(major);
  const { data, simpleJson, templates, backend } = grafana;
  const ask = async (targets, rest = {}) => {
    const listed = targets.map((target, at) => (typeof target === 'string' ? { target, refId: 'ABC'[at] } : target));
    const answer = await simpleJson.query(request(grafana, listed, { ...range, ...rest }));
    return grafana.frames(answer.data);
  };
  const inGrafana = (name, body) => test(`Grafana ${major}: ${name}`, body);

  inGrafana('the health check is good', async () => {
    assert.deepEqual(await simpleJson.testDatasource(), { status: 'success' });
  });

  inGrafana('series have times, values, labels, a unit and a legend that tells them apart', async () => {
    const frames = await ask(['cpu']);
    assert.deepEqual(grafana.legends(frames), ['cpu{host="a/b|\\"c", region="us"}', 'cpu{host="web-1.example.com", region="eu"}', 'cpu{host="web-2.example.com", region="us"}']);
    const [, first] = frames;
    const [time, value] = first.fields;
    assert.deepEqual([time.name, time.type, time.values], ['Time', data.FieldType.time, [minute(0), minute(1), minute(2)]]);
    assert.deepEqual([value.type, value.values], [data.FieldType.number, [10, 20, null]]);
    assert.deepEqual(value.labels, { host: 'web-1.example.com', region: 'eu' });
    assert.equal(value.config.unit, 'percent');
    assert.deepEqual(frames.map((frame) => frame.refId), ['A', 'A', 'A']);
  });

  inGrafana('one series is called by its metric or its question', async () => {
    assert.deepEqual(grafana.legends(await ask(['cpu{host="web-2.example.com"}'])), ['cpu']);
    assert.deepEqual(grafana.legends(await ask(['sum(cpu)'])), ['sum(cpu)']);
  });

  inGrafana('several targets keep their order and their refIds', async () => {
    const frames = await ask(['max(cpu)', 'min(cpu)']);
    assert.deepEqual(frames.map((frame) => [frame.refId, frame.fields[1].values]), [['A', [10, 20, 3]], ['B', [1, 2, 3]]]);
  });

  inGrafana('a table has typed columns and a row per bucket and series', async () => {
    const [table] = await ask([{ target: 'avg by (region) (cpu{host=~"web.*"})', refId: 'A', type: 'table' }]);
    assert.deepEqual(
      table.fields.map((field) => [field.name, field.type]),
      [['Time', 'time'], ['region', 'string'], ['Value', 'number']],
    );
    assert.deepEqual(table.fields.map((field) => field.values), [
      [minute(0), minute(0), minute(1), minute(1), minute(2), minute(2)],
      ['eu', 'us', 'eu', 'us', 'eu', 'us'],
      [10, 1, 20, 2, null, 3],
    ]);
    assert.equal(table.refId, 'A');
  });

  inGrafana('hidden and unfinished targets are left out', async () => {
    const targets = [
      { target: 'select metric', refId: 'A' },
      { target: 'cpu', refId: 'B', hide: true },
      { target: '', refId: 'C' },
      { target: 'max(cpu)', refId: 'D' },
    ];
    const frames = await ask(targets);
    assert.deepEqual(frames.map((frame) => frame.refId), ['D']);
    assert.deepEqual(await ask(targets.slice(0, 2)), [], 'nothing is asked');
  });

  inGrafana('variables select what they name', async () => {
    const hosts = async (host, target) => {
      templates.values = { host };
      const frames = await ask([target]);
      templates.values = {};
      return frames.filter((frame) => frame.length > 0).map((frame) => frame.fields[1].labels.host).sort();
    };
    const both = ['a/b|"c', 'web-1.example.com'];
    for (const target of ['cpu{host="$host", region!="x"}', 'cpu{host=~"$host", region!="x"}']) {
      assert.deepEqual(await hosts('web-1.example.com', target), ['web-1.example.com'], target);
      assert.deepEqual(await hosts(['web-1.example.com', 'web-2.example.com'], target), ['web-1.example.com', 'web-2.example.com'], target);
      assert.deepEqual(await hosts([], target), [], target);
    }
    assert.deepEqual(await hosts(['web-1.example.com', 'web-2.example.com'], 'cpu{host="${host:glob}"}'), ['web-1.example.com', 'web-2.example.com']);
    assert.deepEqual(await hosts(both.slice(1), 'cpu{host="${host:raw}"}'), both.slice(1));
  });

  inGrafana('a failed target is a notice beside those that worked', async () => {
    const frames = await ask(['cpuu', 'max(cpu)']);
    assert.deepEqual(grafana.legends(frames), ['max(cpu)']);
    const [notice] = frames[0].meta.notices;
    assert.equal(notice.severity, 'error');
    assert.match(notice.text, /cpuu/);
  });

  inGrafana('a question that cannot be answered says why', async () => {
    const failure = await ask(['cpuu']).catch((thrown) => thrown);
    assert.equal(failure.status, 422);
    assert.match(shown(failure), /cpuu.*cpu/s);
  });

  inGrafana('ad hoc filters narrow, also when new Grafana sends them twice', async () => {
    const filters = [{ key: 'region', operator: '=', value: 'eu' }];
    templates.adHoc = filters;
    const frames = await ask(['cpu'], major > 10 ? { filters } : {});
    templates.adHoc = [];
    assert.deepEqual(frames.map((frame) => frame.fields[1].labels.host), ['web-1.example.com']);
  });

  inGrafana('the ad hoc pickers offer labels and values', async () => {
    const texts = (options) => options.map((option) => option.text);
    assert.deepEqual(texts(await simpleJson.getTagKeys()), ['host', 'region']);
    assert.deepEqual(texts(await simpleJson.getTagValues({ key: 'region' })), ['eu', 'us']);
    assert.deepEqual(await simpleJson.getTagValues({ key: 'nothing' }), []);
  });

  inGrafana('the metric list offers texts that work as targets', async () => {
    const options = await simpleJson.metricFindQuery('');
    assert.deepEqual(options, ['cpu', 'requests'].map((name) => ({ text: name, value: name })));
    assert.deepEqual(await simpleJson.metricFindQuery('req'), [{ text: 'requests', value: 'requests' }]);
  });

  inGrafana('annotations are events as they are', async () => {
    const raw = { from: 'now-6h', to: 'now' };
    const annotation = { name: 'Events', datasource: { type: 'x', uid: 'y' }, enable: true, iconColor: 'red', query: '' };
    const events = (query) => {
      const options = { annotation: { ...annotation, query }, range: { ...range, raw }, rangeRaw: raw };
      return simpleJson.annotationQuery(options);
    };
    const deploy = { time: minute(1), title: 'web 1.2', text: 'Deployed', tags: ['deploy', 'prod'] };
    assert.deepEqual(await events('#deploy'), [deploy]);
    templates.values = { tag: ['deploy', 'incident'] };
    const all = await events('#$tag');
    templates.values = {};
    assert.deepEqual(all.map((event) => [event.time, event.timeEnd, event.tags]), [
      [minute(0) + 30_000, minute(2), ['incident']],
      [minute(1), undefined, ['deploy', 'prod']],
    ]);
    assert.equal(all[0].isRegion, true);
  });

  inGrafana('an empty answer is an empty panel that says why', async () => {
    const [nothing, ...others] = await ask(['cpu{host="none"}']);
    assert.deepEqual([nothing.length, others], [0, []]);
    assert.match(nothing.meta.notices[0].text, /no sample passes the matchers on "host"/);
    assert.ok(backend.sent > 0);
  });
}
