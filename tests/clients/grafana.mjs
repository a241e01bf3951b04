// Grafana as its data sources see it, in two generations: the published @grafana/data, the parts of @grafana/scenes
// that need no browser, and stand-ins for the two services that the data sources call.

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';

import esbuild from 'esbuild';
import { lastValueFrom } from 'rxjs';

import { Json } from './json.mjs';
import { SimpleJson } from './simplejson.mjs';

const load = createRequire(import.meta.url);

export const base = process.env.DATEBIN_URL ?? 'http://127.0.0.1:8080';

// Version 10 looks at `window` once, while it is loaded; what version 13 loads must not see one.
const generations = { 13: load('grafana-data-13') };
globalThis.window = {};
generations[10] = load('grafana-data-10');
delete globalThis.window;

/** Runs a file with its own imports; the packages among them are those of this generation. */
async function run(file, packages) {
  const built = await esbuild.build({
    entryPoints: [file],
    bundle: true,
    format: 'cjs',
    platform: 'node',
    packages: 'external',
    write: false,
    logLevel: 'error',
  });
  const module = { exports: {} };
  const require = (name) => packages[name] ?? load(name);
  const wrapped = `(function (module, exports, require) {${built.outputFiles[0].text}\n})`;
  new Script(wrapped, { filename: file }).runInThisContext()(module, module.exports, require);
  return module.exports;
}

function scenes(path) {
  return join(dirname(load.resolve('@grafana/scenes/package.json')), 'dist/esm', path);
}

/** "All" with a custom value: that text as it is, in every format. */
export class CustomAll {
  constructor(text) {
    this.text = text;
  }

  toString() {
    return this.text;
  }
}

/** Interpolates as dashboards do: with the published formats, `glob` when none is asked for. */
class Templates {
  // The three spellings of a variable: `$name`, `[[name:format]]`, `${name.path:format}`.
  regex = /\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\${(\w+)(?:\.([^:^}]+))?(?::([^}]+))?}/g;
  adHoc = [];
  values = {};

  constructor(formats) {
    this.formats = formats;
  }

  replace(text, scoped, format) {
    return (text ?? '').replace(this.regex, (match, plain, brackets, bracketFormat, braces, path, braceFormat) => {
      const name = plain ?? brackets ?? braces;
      const value = scoped?.[name]?.value ?? this.values[name];
      if (value === undefined) {
        return match;
      }
      if (value instanceof CustomAll) {
        return value.text;
      }
      const id = bracketFormat ?? braceFormat ?? format ?? 'glob';
      return this.formats.get(id).formatter(value, [], { state: { name, type: 'query', multi: Array.isArray(value) } });
    });
  }

  getVariables() {
    return Object.entries(this.values).map(([name, value]) => ({
      type: 'query',
      id: name,
      name,
      current: { text: String(value), value: value instanceof CustomAll ? value.text : value },
      options: [],
    }));
  }

  getAdhocFilters() {
    return this.adHoc;
  }
}

/** Sends what a data source asks for, and answers as Grafana's backend service does. */
class Backend {
  sent = 0;

  async send({ url, method, headers, data }) {
    const body = data ? JSON.stringify(data) : undefined;
    this.sent += 1;
    const sent = { accept: 'application/json, text/plain, */*', ...headers };
    const response = await globalThis.fetch(url, { method, headers: sent, body });
    const text = await response.text();
    const isJson = (response.headers.get('content-type') ?? '').includes('application/json');
    const answer = { status: response.status, statusText: response.statusText, data: isJson ? JSON.parse(text) : text };
    if (!response.ok) {
      throw answer;
    }
    return answer;
  }
}

/** The sentence of a failed answer that the panel shows. */
export function shown(failure) {
  return failure.data?.message ?? failure.data?.error ?? `Query error: ${failure.status} ${failure.statusText}`;
}

/** One generation of Grafana with both data sources, for the server at `base`. */
export async function generation(major, path = '') {
  const data = generations[major];
  const { formatRegistry } = await run(scenes('variables/interpolation/formatRegistry.js'), { '@grafana/data': data });
  const templates = new Templates(formatRegistry);
  const backend = new Backend();
  const runtime = { config: {}, getTemplateSrv: () => templates, getBackendSrv: () => backend };
  const packages = { '@grafana/data': data, '@grafana/runtime': runtime };
  const { getAnnotationsFromData } = await run(scenes('querying/layers/annotations/standardAnnotationsSupport.js'), packages);
  const settings = { name: 'datebin', url: `${base}${path}` };
  return {
    data,
    templates,
    backend,
    simpleJson: new SimpleJson(settings, backend, templates),
    json: new Json(settings, backend, templates, data),
    /** What a panel is given from the elements of an answer. */
    frames: (elements) => elements.map((element) => data.toDataFrame(element)),
    /** The legend of each field that is drawn. */
    legends: (frames) =>
      frames.flatMap((frame) =>
        frame.fields
          .filter((field) => field.type !== data.FieldType.time)
          .map((field) => data.getFieldDisplayName(field, frame, frames)),
      ),
    /** The events that the standard annotation support makes of frames. */
    events: (frames, mappings) => lastValueFrom(getAnnotationsFromData(frames, mappings)),
  };
}

/** The body of a dashboard's request; moments become text in JSON. */
export function request(grafana, targets, { from: start, to: end, ...rest }) {
  const { dateTime } = grafana.data;
  const raw = { from: 'now-6h', to: 'now' };
  const range = { from: dateTime(start), to: dateTime(end), raw };
  return {
    app: 'dashboard',
    requestId: 'SQR101',
    timezone: 'utc',
    range,
    rangeRaw: raw,
    interval: '1m',
    intervalMs: 60_000,
    maxDataPoints: 500,
    scopedVars: { __interval: { text: '1m', value: '1m' }, __interval_ms: { text: '60000', value: 60_000 } },
    startTime: 0,
    panelId: 7,
    ...rest,
    targets,
  };
}
