import { InvalidConfigError } from '../config/index.ts';

/** One rule for both engines, so that an installation can move between them. */
const NAMESPACE = /^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/;

/** @throws InvalidConfigError */
export function checkNamespace(namespace: string | undefined): string | undefined {
  if (namespace === undefined || namespace === '') return undefined;
  if (NAMESPACE.test(namespace)) return namespace;
  throw new InvalidConfigError([
    'Expected the namespace to be 1 to 40 letters, digits, "-" or "_", starting with a letter or digit, ' +
      `got ${JSON.stringify(namespace.slice(0, 60))}.`,
  ]);
}

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
