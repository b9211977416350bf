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
  return changeFields(contract.sensitive, data, (parent, field) => {
    parent[field] = REDACTED;
  });
}

/**
 * What a job that has ended keeps of its data: without the fields that its contract forgets, and nothing of data of an older version,
 * of which this release does not know which fields they are.
 */
export function keptData(
  { forget, version }: { readonly forget: readonly string[]; readonly version: number },
  stored: { readonly version: number; readonly data: unknown },
): unknown {
  const { data } = stored;
  if (forget.length === 0 || typeof data !== 'object' || data === null) return data;
  if (stored.version < version) return {};
  return changeFields(forget, data, (parent, field) => {
    delete parent[field];
  });
}

type Change = (parent: Record<string, unknown>, field: string) => void;

/** A copy, as far as the paths lead: what they do not name is shared with the original. */
export function changeFields(paths: readonly string[], data: unknown, change: Change): unknown {
  return paths.reduce((copy, path) => changedAt(copy, path.split('.'), change), data);
}

/** Where in a copy a value stands that is still the original's, and which part of the path comes next. */
interface Branch {
  readonly parent: object;
  readonly key: string;
  readonly from: number;
}

/**
 * A loop: another program may have written arrays within arrays, deeper than the stack reaches. A field whose own name has the dots in
 * it is meant as well: the type of a path tells the two as little apart.
 */
function changedAt(data: unknown, path: readonly string[], change: Change): unknown {
  const top = { data };
  const left: Branch[] = [{ parent: top, key: 'data', from: 0 }];
  for (let branch = left.pop(); branch !== undefined; branch = left.pop()) {
    const { parent, key, from } = branch;
    const node: unknown = Reflect.get(parent, key);
    if (Array.isArray(node)) {
      const copy: unknown[] = [...(node as readonly unknown[])];
      put(parent, key, copy);
      for (const index of copy.keys()) left.push({ parent: copy, key: String(index), from });
      continue;
    }
    const field = path[from];
    if (field === undefined || !isRecord(node)) continue;
    const dotted = path.slice(from).join('.');
    const isThere = Object.hasOwn(node, field);
    if (!isThere && !Object.hasOwn(node, dotted)) continue;
    const copy = Object.fromEntries(Object.entries(node));
    put(parent, key, copy);
    if (Object.hasOwn(node, dotted)) change(copy, dotted);
    if (isThere && from + 1 < path.length) left.push({ parent: copy, key: field, from: from + 1 });
  }
  return top.data;
}

/** A field that is really called __proto__ must stay one. */
function put(parent: object, key: string, value: unknown): void {
  Object.defineProperty(parent, key, { value, writable: true, enumerable: true, configurable: true });
}

/** Calls `act` for the field at the end of the path, in every item of an array on the way, however deep. */
export function visitFields(data: unknown, path: readonly string[], act: Change): void {
  const left: { readonly node: unknown; readonly from: number }[] = [{ node: data, from: 0 }];
  for (let branch = left.pop(); branch !== undefined; branch = left.pop()) {
    const { node, from } = branch;
    if (Array.isArray(node)) {
      for (const item of node as readonly unknown[]) left.push({ node: item, from });
      continue;
    }
    const field = path[from];
    if (field === undefined || !isRecord(node)) continue;
    const isLast = from + 1 === path.length;
    const dotted = path.slice(from).join('.');
    if (!isLast && Object.hasOwn(node, dotted)) act(node, dotted);
    if (!Object.hasOwn(node, field)) continue;
    if (isLast) act(node, field);
    else left.push({ node: node[field], from: from + 1 });
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
