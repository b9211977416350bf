import type { Division } from './division.ts';

/** The name under which a division is kept among the steps of its job; no handler's step has a control character in its name. */
export const DIVISION = '\u0001divided';

export function writeDivision(division: Division): string {
  return JSON.stringify(division);
}

/** Undefined for what no release of ours has written. */
export function readDivision(stored: string): Division | undefined {
  let division: unknown;
  try {
    division = JSON.parse(stored);
  } catch {
    return undefined;
  }
  return isDivision(division) ? division : undefined;
}

function isDivision(value: unknown): value is Division {
  if (typeof value !== 'object' || value === null) return false;
  const { replayedAt, done, retry, dead }: Partial<Record<keyof Division, unknown>> = value;
  return (
    typeof replayedAt === 'number' &&
    typeof done === 'number' &&
    Array.isArray(dead) &&
    dead.every(isPart) &&
    (retry === undefined || (isPart({ ...Object(retry), item: 0 }) && Array.isArray(Object(retry).items)))
  );
}

function isPart(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { item, death }: { readonly item?: unknown; readonly death?: unknown } = value;
  return Number.isInteger(item) && typeof death === 'object' && death !== null && 'message' in death;
}
