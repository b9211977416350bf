import { PostgresConnection, PostgresQueueBackend, type BackendFactory, type IQueueBackend, type PgPool } from 'bullmq';

/** BullMQ ties a pool that it did not make to the schema `bullmq`; ours has its search path set to another. */
class SchemaConnection extends PostgresConnection {
  override readonly schema: string;

  constructor(pool: PgPool, schema: string) {
    super(pool);
    this.schema = schema;
  }
}

/** BullMQ asks for one state behind the other: all at once they are one statement, with those of other queues (see joined-reads.ts). */
class JoiningBackend extends PostgresQueueBackend {
  override async getRanges(...[types, ...place]: Parameters<PostgresQueueBackend['getRanges']>): Promise<[string][]> {
    return (await Promise.all(types.map(type => super.getRanges([type], ...place)))).flat();
  }
}

/** Makes the backend of a queue or worker on a shared pool. The pool's search path must be `schema`. */
export function postgresBackend(pool: PgPool, schema: string): BackendFactory<IQueueBackend, unknown> {
  return (name, options, { withBlockingConnection = false } = {}) => {
    // The name by which BullMQ finds workers: the LISTEN connection's application_name.
    const workerName = 'name' in options && typeof options.name === 'string' ? `:w:${options.name}` : '';
    return new JoiningBackend(
      new SchemaConnection(pool, schema),
      name,
      { ...options, connection: pool },
      true,
      withBlockingConnection ? `${name}${workerName}` : undefined,
    );
  };
}
