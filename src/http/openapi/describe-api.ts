import { describedSchema, type AnyJobContract } from '../../contracts/index.ts';
import { embedded } from './embedded-schema.ts';
import * as part from './document-parts.ts';

type Schemas = Record<string, unknown>;

export interface DescribedContracts {
  /** Those that the reader of the description may reach. */
  readonly enqueue: readonly AnyJobContract[];
  readonly mayRead: boolean;
  readonly mayCancel: boolean;
}

/** The door as OpenAPI 3.1, of these contracts alone: what a generator of clients reads. */
export function describeApi({ enqueue, mayRead, mayCancel }: DescribedContracts): unknown {
  const schemas: Schemas = { ...part.SCHEMAS };
  const paths: Record<string, unknown> = {};
  for (const contract of enqueue)
    paths[`/api/v1/jobs/${encodeURIComponent(contract.name)}`] = { post: enqueueOf(contract, schemas) };
  if (enqueue.length > 0) paths['/api/v1/jobs'] = { post: part.enqueueMany(enqueue.map(({ name }) => name)) };
  if (mayRead) {
    paths['/api/v1/jobs/{id}'] = { parameters: [part.ID], get: part.READ };
    paths['/api/v1/jobs/{id}/result'] = { parameters: [part.ID], get: part.RESULT };
    paths['/api/v1/jobs/{id}/events'] = { parameters: [part.ID], get: part.EVENTS };
  }
  if (mayCancel) paths['/api/v1/jobs/{id}/cancel'] = { parameters: [part.ID], post: part.CANCEL };
  return {
    openapi: '3.1.0',
    info: { title: 'Jobs', version: '1', description: 'What this token may do. Problems are RFC 9457, with a code.' },
    security: [{ token: [] }],
    paths,
    components: { schemas, securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
  };
}

function enqueueOf(contract: AnyJobContract, schemas: Schemas): unknown {
  const { name, chunk } = contract;
  const described = describedSchema(chunk?.item.schema ?? contract.schema, 'input');
  if (described.kind === 'undescribed')
    return part.enqueueOne(name, { description: `Not described: ${described.why}.` });
  const component = componentName(name, schemas);
  schemas[component] = embedded(described.json, `#/components/schemas/${component}`);
  return part.enqueueOne(name, { $ref: `#/components/schemas/${component}` });
}

/** Names of components have letters of their own; two contracts may come to the same. */
function componentName(contract: string, taken: Schemas): string {
  const name = `${contract.replaceAll(/[^A-Za-z0-9._-]/g, '_')}.data`;
  for (let count = 2; ; count += 1) {
    const free = count === 2 ? name : `${name}-${count}`;
    if (!Object.hasOwn(taken, free)) return free;
  }
}
