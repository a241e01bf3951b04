// A client that speaks as the "JSON" data source 0.6.5 does on the wire, written from the protocol: which body goes to
// which path, how targets and payloads are interpolated, and how an answer becomes frames, metrics and options.

/** A payload that cannot be read is sent as an empty object. */
const NOTHING = {};

export class Json {
  /** With this, Grafana asks annotations through `query` and reads them from frames. */
  annotations = {};

  constructor({ url }, backend, templates, data) {
    Object.assign(this, { url, backend, templates, data });
  }

  send(method, path, data) {
    const headers = { 'Content-Type': 'application/json' };
    return this.backend.send({ url: `${this.url}${path}`, method, headers, data });
  }

  post(path, data) {
    return this.send('POST', path, data);
  }

  async testDatasource() {
    const { status, statusText } = await this.send('GET', '');
    return status === 200 ? { status: 'success' } : { status: 'error', message: statusText };
  }

  async query(request) {
    const asked = request.targets.filter(({ target }) => target !== undefined);
    if (asked.length === 0) {
      return { data: [] };
    }
    const targets = asked.map((target) => ({
      ...target,
      target: this.interpolated(target.target, request.scopedVars),
      payload: this.payload(target.payload, target.editorMode, request.scopedVars),
    }));
    const variables = this.templates.getVariables().map(({ id, current }) => [id, { text: current.text, value: current.value }]);
    const scopedVars = { ...request.scopedVars, ...Object.fromEntries(variables) };
    const { data } = await this.post('/query', { ...request, targets, scopedVars });
    return { data: data.map((element) => this.data.toDataFrame(element)) };
  }

  async listMetrics(target, payload) {
    const metric = this.interpolated(target) || undefined;
    const { data } = await this.post('/metrics', { metric, payload: payload && this.payload(payload, 'builder') });
    const entry = (metric) => (typeof metric === 'object' ? metric : { value: metric, label: metric });
    return Array.isArray(data) ? data.map(entry) : [];
  }

  /** The metric is sent as it was typed. */
  async listMetricPayloadOptions(name, metric, payload) {
    const { data } = await this.post('/metric-payload-options', { metric, payload: this.payload(payload, 'builder'), name });
    return Array.isArray(data) ? data : [];
  }

  async metricFindQuery({ query, format }, { range }) {
    const payload = format === 'json' ? this.payload(query, 'code') : { target: this.interpolated(query) };
    const { data } = await this.post('/variable', { payload, range });
    return this.options(data);
  }

  async getTagKeys(options) {
    return (await this.post('/tag-keys', options)).data;
  }

  async getTagValues(options) {
    return (await this.post('/tag-values', options)).data;
  }

  interpolated(target, scopedVars) {
    return typeof target === 'string' ? this.templates.replace(target, scopedVars, 'regex') : target;
  }

  /** Code is JSON with variables in it; what a builder holds is interpolated one level deep, every value as a string. */
  payload(payload, editorMode, scopedVars) {
    if (typeof payload === 'string' && editorMode !== 'builder') {
      return this.parsed(payload, scopedVars);
    }
    const string = (value) => this.templates.replace(value.toString(), scopedVars, 'regex');
    try {
      const members = Object.entries(payload ?? NOTHING);
      return Object.fromEntries(members.map(([name, value]) => [name, Array.isArray(value) ? value.map(string) : string(value)]));
    } catch {
      return NOTHING;
    }
  }

  /** Strings come out bare, lists as JSON. */
  parsed(text, scopedVars) {
    const json = text.replace(this.templates.regex, (variable) => {
      const value = this.templates.replace(variable, scopedVars, 'json');
      return value.startsWith('"') ? value.slice(1, -1) : value;
    });
    try {
      return text.trim() === '' ? NOTHING : JSON.parse(json);
    } catch {
      return NOTHING;
    }
  }

  /** Texts and values of a frame; without both, each value of each field. The first of equal texts is kept. */
  options(answer) {
    const { fields } = this.data.toDataFrame(answer);
    const column = (name) => fields.find((field) => field.name === name)?.values;
    const [texts, values] = [column('__text'), column('__value')];
    const entries = texts && values
      ? Array.from(texts, (text, row) => ({ text: `${text}`, value: `${values[row]}` }))
      : fields.flatMap((field) => Array.from(field.values, (value) => ({ text: `${value}`, value: `${value}` })));
    return entries.filter(({ text }, at) => entries.findIndex((other) => other.text === text) === at);
  }
}
