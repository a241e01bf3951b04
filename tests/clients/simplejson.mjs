// A client that speaks as the SimpleJson data source 1.4.3 does on the wire, written from the protocol: which body goes
// to which path, how variables are interpolated, and which parts of an answer are used.

const UNFINISHED = 'select metric';

export class SimpleJson {
  constructor({ url, name }, backend, templates) {
    Object.assign(this, { url, name, backend, templates });
  }

  send(method, path, data) {
    const headers = { 'Content-Type': 'application/json' };
    return this.backend.send({ url: `${this.url}${path}`, method, headers, data });
  }

  async testDatasource() {
    const { status } = await this.send('GET', '/');
    return status === 200 ? { status: 'success' } : undefined;
  }

  /** Hidden and unfinished targets stay here; without any other nothing is sent. */
  async query(request) {
    const finished = request.targets.filter(({ target, hide }) => target !== UNFINISHED && !hide);
    if (finished.length === 0) {
      return { data: [] };
    }
    const targets = finished.map(({ target, refId, hide, type = 'timeserie' }) => ({
      target: this.templates.replace(target, request.scopedVars, 'regex'),
      refId,
      hide,
      type,
    }));
    return this.send('POST', '/query', { ...request, targets, adhocFilters: this.templates.getAdhocFilters(this.name) });
  }

  /** The events of an answer are used as they are. */
  async annotationQuery({ range, rangeRaw, annotation }) {
    const { name, datasource, enable, iconColor } = annotation;
    const query = this.templates.replace(annotation.query, {}, 'glob');
    const sent = { range, rangeRaw, annotation: { name, datasource, enable, iconColor, query } };
    return (await this.send('POST', '/annotations', sent)).data;
  }

  /** An entry is a string, or an object with a text and a value that are not empty. */
  async metricFindQuery(query) {
    const { data } = await this.send('POST', '/search', { target: this.templates.replace(query, undefined, 'regex') });
    return data.map((entry, index) => {
      if (typeof entry !== 'object') {
        return { text: entry, value: entry };
      }
      return entry.text && entry.value ? { text: entry.text, value: entry.value } : { text: entry, value: index };
    });
  }

  async getTagKeys(options) {
    return (await this.send('POST', '/tag-keys', options)).data;
  }

  async getTagValues(options) {
    return (await this.send('POST', '/tag-values', options)).data;
  }
}
