/** BullMQ's key prefix on Redis; its own default without a namespace. */
export function prefixOf(namespace: string | undefined): string {
  return namespace ?? 'bull';
}

/**
 * BullMQ's schema on PostgreSQL. A "-" becomes "$", which BullMQ takes in a schema's name and a namespace cannot contain:
 * so two namespaces never share a schema.
 */
export function schemaOf(namespace: string | undefined): string {
  return namespace === undefined ? 'bullmq' : `bullmq_${namespace.replaceAll('-', '$')}`;
}
