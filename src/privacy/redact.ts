/** Which fields hold people's data, as paths with dots. */
export interface Sensitive {
  readonly sensitive: readonly string[];
}

export const REDACTED = '[redacted]';

/**
 * A copy of the data in which every sensitive field reads `[redacted]`. Data that is no object, or of no known
 * contract, is redacted whole: what cannot be told apart is not shown.
 */
export function redactData(contract: Sensitive | undefined, data: unknown): unknown {
  if (contract === undefined) return REDACTED;
  if (contract.sensitive.length === 0) return data;
  if (typeof data !== 'object' || data === null) return REDACTED;
  return changed(contract.sensitive, data, (parent, field) => {
    parent[field] = REDACTED;
  });
}

/**
 * What a job that has ended keeps of its data: without the fields that its contract forgets, and nothing of data of an older version,
 * of which this release does not know which fields they are, nor of data nested so deep that they cannot be reached.
 */
export function keptData(
  { forget, version }: { readonly forget: readonly string[]; readonly version: number },
  stored: { readonly version: number; readonly data: unknown },
): unknown {
  const { data } = stored;
  if (forget.length === 0 || typeof data !== 'object' || data === null) return data;
  if (stored.version < version) return {};
  try {
    return changed(forget, data, (parent, field) => {
      delete parent[field];
    });
  } catch {
    return {};
  }
}

type Change = (parent: Record<string, unknown>, field: string) => void;

/** A copy, as far as the paths lead: copying all of it would fail on data nested deeper than the stack reaches. */
function changed(paths: readonly string[], data: unknown, change: Change): unknown {
  return paths.reduce((copy, path) => changedAt(copy, path.split('.'), change), data);
}

/** A field whose own name has the dots in it is meant as well: the type of a path tells the two as little apart. */
function changedAt(node: unknown, path: readonly string[], change: Change): unknown {
  if (Array.isArray(node)) return node.map(item => changedAt(item, path, change));
  const [field, ...rest] = path;
  if (field === undefined || !isRecord(node)) return node;
  const dotted = path.join('.');
  const isThere = Object.hasOwn(node, field);
  if (!isThere && !Object.hasOwn(node, dotted)) return node;
  // A field that is really called __proto__ must stay one.
  const copy = Object.fromEntries(Object.entries(node));
  if (Object.hasOwn(node, dotted)) change(copy, dotted);
  if (isThere && rest.length > 0) {
    Object.defineProperty(copy, field, { ...FIELD, value: changedAt(node[field], rest, change) });
  }
  return copy;
}

const FIELD = { writable: true, enumerable: true, configurable: true } as const;

/** Calls `act` for the field at the end of the path, in every item of an array on the way. */
export function visitFields(node: unknown, path: readonly string[], act: Change): void {
  if (Array.isArray(node)) {
    for (const item of node) visitFields(item, path, act);
    return;
  }
  const [field, ...rest] = path;
  if (field === undefined || !isRecord(node)) return;
  const dotted = path.join('.');
  if (rest.length > 0 && Object.hasOwn(node, dotted)) act(node, dotted);
  if (!Object.hasOwn(node, field)) return;
  if (rest.length === 0) act(node, field);
  else visitFields(node[field], rest, act);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
