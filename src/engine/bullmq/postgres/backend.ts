import { PostgresConnection, PostgresQueueBackend, type BackendFactory, type IQueueBackend, type PgPool } from 'bullmq';

/** BullMQ ties a pool that it did not make to the schema `bullmq`; ours has its search path set to another. */
class SchemaConnection extends PostgresConnection {
  override readonly schema: string;

  constructor(pool: PgPool, schema: string) {
    super(pool);
    this.schema = schema;
  }
}

/** Makes the backend of a queue or worker on a shared pool. The pool's search path must be `schema`. */
export function postgresBackend(pool: PgPool, schema: string): BackendFactory<IQueueBackend, unknown> {
  return (name, options, { withBlockingConnection = false } = {}) => {
    // The name by which BullMQ finds workers: the LISTEN connection's application_name.
    const workerName = 'name' in options && typeof options.name === 'string' ? `:w:${options.name}` : '';
    return new PostgresQueueBackend(
      new SchemaConnection(pool, schema),
      name,
      { ...options, connection: pool },
      true,
      withBlockingConnection ? `${name}${workerName}` : undefined,
    );
  };
}
