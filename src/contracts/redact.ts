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
    visit(copy, path.split('.'), (parent, field) => {
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
    visit(copy, path.split('.'), (parent, field) => {
      delete parent[field];
    });
  }
  return copy;
}

/**
 * Makes a function that removes the values of the sensitive fields from any text, whatever their letter case and also
 * where they stand URL-encoded, JSON-escaped or HTML-escaped. Values shorter than 3 characters are left: removing
 * every "a" would destroy the text without hiding anything.
 */
export function createScrubber(contract: Pick<PayloadContract, 'sensitive'>, data: unknown): (text: string) => string {
  const spellings = new Set<string>();
  for (const path of contract.sensitive) {
    visit(data, path.split('.'), (parent, field) => collect(parent[field], spellings));
  }
  if (spellings.size === 0) return text => text;
  // Longest first, so that a value that contains another one is removed whole.
  const ordered = [...spellings].sort((a, b) => b.length - a.length).map(escapeForRegExp);
  const pattern = new RegExp(ordered.join('|'), 'gi');
  return text => text.replace(pattern, REDACTED);
}

function collect(value: unknown, spellings: Set<string>): void {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') {
    const text = String(value).trim();
    if (text.length < 3) return;
    spellings.add(text);
    spellings.add(JSON.stringify(text).slice(1, -1));
    spellings.add(text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`));
    // A lone surrogate cannot be URL-encoded, so it cannot stand in a URL either.
    if (text.isWellFormed()) spellings.add(encodeURIComponent(text));
  } else if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) collect(inner, spellings);
  }
}

function visit(
  node: unknown,
  path: readonly string[],
  act: (parent: Record<string, unknown>, field: string) => void,
): void {
  if (Array.isArray(node)) {
    for (const item of node) visit(item, path, act);
    return;
  }
  const [field, ...rest] = path;
  if (field === undefined || !isRecord(node) || !Object.hasOwn(node, field)) return;
  if (rest.length === 0) act(node, field);
  else visit(node[field], rest, act);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function escapeForRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
