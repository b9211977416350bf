import type { PayloadContract } from './payload-contract.ts';

export const REDACTED = '[redacted]';

/**
 * A copy of the data in which every sensitive field reads `[redacted]`. Data that is no object, or of no known
 * contract, is redacted whole: what cannot be told apart is not shown.
 */
export function redactData(contract: Pick<PayloadContract, 'sensitive'> | undefined, data: unknown): unknown {
  if (contract === undefined) return REDACTED;
  if (contract.sensitive.length === 0) return data;
  if (typeof data !== 'object' || data === null) return REDACTED;
  const copy: unknown = structuredClone(data);
  for (const path of contract.sensitive) {
    visitFields(copy, path.split('.'), (parent, field) => {
      parent[field] = REDACTED;
    });
  }
  return copy;
}

/** The data without the given fields. Used when a job has ended and must not keep them. */
export function forgetFields(paths: readonly string[], data: unknown): unknown {
  if (typeof data !== 'object' || data === null) return data;
  const copy: unknown = structuredClone(data);
  for (const path of paths) {
    visitFields(copy, path.split('.'), (parent, field) => {
      delete parent[field];
    });
  }
  return copy;
}

/** Calls `act` for the field at the end of the path, in every item of an array on the way. */
export function visitFields(
  node: unknown,
  path: readonly string[],
  act: (parent: Record<string, unknown>, field: string) => void,
): void {
  if (Array.isArray(node)) {
    for (const item of node) visitFields(item, path, act);
    return;
  }
  const [field, ...rest] = path;
  if (field === undefined || !isRecord(node) || !Object.hasOwn(node, field)) return;
  if (rest.length === 0) act(node, field);
  else visitFields(node[field], rest, act);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
