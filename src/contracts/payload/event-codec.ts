import type { PayloadContract } from './payload-contract.ts';
import { requireTaken, written } from './codec.ts';

/** A payload as JSON, and where dates stood in it: JSON writes a date as a text and cannot say so. */
export interface EncodedPayload {
  readonly json: string;
  /** JSON Pointers (RFC 6901); empty where there was no date. */
  readonly dates: readonly string[];
}

/**
 * Writes an event's payload so that its dates come back as dates.
 * @throws PayloadTooLargeError, InvalidPayloadError when JSON cannot hold what else is in it
 */
export function encodeEventPayload(contract: PayloadContract, payload: unknown): EncodedPayload {
  const { json, drops } = written(contract, payload, 'kept');
  const dates: string[] = [];
  // After writing: what goes round in circles was refused there.
  findDates(payload, '', dates);
  if (drops) requireTaken(contract, reviveDates(JSON.parse(json), dates));
  return { json, dates };
}

/**
 * Puts dates back where they stood. Changes what it is given (fresh from JSON) and returns it.
 * A pointer that leads to no text that reads as a date is passed over: the schema says what is missing.
 */
export function reviveDates(data: unknown, dates: readonly string[]): unknown {
  let root = data;
  for (const pointer of dates) {
    if (pointer === '') {
      root = dateOf(root) ?? root;
      continue;
    }
    if (!pointer.startsWith('/')) continue;
    const path = pointer.slice(1).split('/').map(unescapePart);
    const last = path.pop();
    let node: unknown = root;
    for (const part of path) node = childOf(node, part);
    const date = last === undefined ? undefined : dateOf(childOf(node, last));
    if (date !== undefined && last !== undefined) Object.defineProperty(node, last, { ...OWN, value: date });
  }
  return root;
}

/** Not by assignment: a field may be named `__proto__`. */
const OWN = { configurable: true, enumerable: true, writable: true } as const;

function findDates(value: unknown, pointer: string, found: string[]): void {
  if (typeof value !== 'object' || value === null) return;
  if (value instanceof Date) {
    found.push(pointer);
    return;
  }
  for (const [part, inner] of Object.entries(value)) findDates(inner, `${pointer}/${escapePart(part)}`, found);
}

function childOf(node: unknown, part: string): unknown {
  if (typeof node !== 'object' || node === null || !Object.hasOwn(node, part)) return undefined;
  return Object.getOwnPropertyDescriptor(node, part)?.value;
}

function dateOf(value: unknown): Date | undefined {
  if (typeof value !== 'string') return undefined;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function escapePart(part: string): string {
  return part.includes('~') || part.includes('/') ? part.replaceAll('~', '~0').replaceAll('/', '~1') : part;
}

function unescapePart(part: string): string {
  return part.includes('~') ? part.replaceAll('~1', '/').replaceAll('~0', '~') : part;
}
