import { hash } from 'node:crypto';

const PARTS = /^([a-z][a-z0-9]*(?:-[a-z0-9]+)*)-([0-9a-z]{20})-([0-9A-Za-z]{10})$/;

/**
 * A short digest of a payload's JSON: 10 letters and digits, about 59 bits. It tells "same key, same data" from "same key,
 * other data" and protects nothing. Measured 0.3 us for a small payload.
 */
export function digestOf(json: string): string {
  // '-' and '_' would blur the parts of an id.
  return hash('sha256', json, 'base64url').slice(0, 10).replace(/[-_]/g, '0');
}

/** `QUEUE-TIME-DIGEST`: no colon (BullMQ's separator), never digits only, sorts by time within a queue. */
export function jobIdOf(queue: string, sortable: string, digest: string): string {
  return `${queue}-${sortable}-${digest}`;
}

/**
 * The sortable part of an id that is made from what the job follows from, so that the same cause makes the same id: the time of the
 * cause (9 base-36 digits of milliseconds) and 11 digits of a hash, about 56 bits.
 */
export function derivedPart(atMs: number, origin: string): string {
  const bits = BigInt(`0x${hash('sha256', origin, 'hex').slice(0, 16)}`);
  return (
    Math.max(0, Math.floor(atMs)).toString(36).padStart(9, '0').slice(-9) +
    bits.toString(36).padStart(11, '0').slice(-11)
  );
}

export interface JobIdParts {
  readonly queue: string;
  readonly digest: string;
}

/** Says where a job is, from its id alone; undefined for an id that is not ours. */
export function parseJobId(id: string): JobIdParts | undefined {
  const match = id.length <= 200 ? PARTS.exec(id) : null;
  return match?.[1] !== undefined && match[3] !== undefined ? { queue: match[1], digest: match[3] } : undefined;
}

/** BullMQ's deduplication id: contract and key, hashed, so that no personal data stands in a key name. */
export function deduplicationIdOf(contract: string, key: readonly (string | number | boolean)[]): string {
  return hash('sha256', JSON.stringify([contract, ...key]), 'base64url');
}
