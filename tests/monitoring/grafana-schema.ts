const datasource = {
  type: 'object',
  required: ['type', 'uid'],
  properties: { type: { const: 'prometheus' }, uid: { const: '${datasource}' } },
};

/** What Grafana's import needs of a dashboard (its kind `dashboard`, schema version 39), as far as ours uses it: an unknown field is a slip. */
export const GRAFANA_DASHBOARD = {
  type: 'object',
  additionalProperties: false,
  required: ['title', 'uid', 'schemaVersion', 'panels', 'templating', 'time'],
  properties: {
    title: { type: 'string' },
    uid: { type: 'string', pattern: '^[a-z0-9-]{1,40}$' },
    tags: { type: 'array', items: { type: 'string' } },
    schemaVersion: { const: 39 },
    version: { type: 'integer' },
    editable: { type: 'boolean' },
    timezone: { enum: ['browser', 'utc'] },
    refresh: { type: 'string' },
    time: { type: 'object', required: ['from', 'to'] },
    templating: {
      type: 'object',
      properties: {
        list: {
          type: 'array',
          items: {
            type: 'object',
            required: ['name', 'type', 'query'],
            properties: { type: { enum: ['datasource', 'query'] } },
          },
        },
      },
    },
    annotations: { type: 'object', required: ['list'] },
    panels: {
      type: 'array',
      minItems: 10,
      items: {
        type: 'object',
        required: ['id', 'title', 'type', 'gridPos'],
        properties: {
          id: { type: 'integer', minimum: 1 },
          title: { type: 'string', minLength: 1 },
          type: { enum: ['row', 'stat', 'timeseries'] },
          gridPos: {
            type: 'object',
            required: ['x', 'y', 'w', 'h'],
            properties: {
              x: { type: 'integer', minimum: 0, maximum: 23 },
              y: { type: 'integer', minimum: 0 },
              w: { type: 'integer', minimum: 1, maximum: 24 },
              h: { type: 'integer', minimum: 1 },
            },
          },
          datasource,
          fieldConfig: { type: 'object', required: ['defaults', 'overrides'] },
          targets: {
            type: 'array',
            minItems: 1,
            items: {
              type: 'object',
              additionalProperties: false,
              required: ['refId', 'expr', 'datasource'],
              properties: {
                refId: { type: 'string', pattern: '^[A-Z]$' },
                expr: { type: 'string', minLength: 1 },
                legendFormat: { type: 'string' },
                datasource,
              },
            },
          },
        },
      },
    },
  },
} as const;
