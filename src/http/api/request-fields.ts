import type { EnqueueOptions, Priority } from '../../contracts/index.ts';
import { didYouMean, InvalidOptionsError, kindOf, kindOfText } from '../../errors/index.ts';
import type { Duration } from '../../time/index.ts';

/** An object with no fields but these; which of them it must have is asked by whoever reads them. @throws InvalidOptionsError */
export function requireFields<Name extends string>(
  value: unknown,
  what: string,
  names: readonly Name[],
): Partial<Readonly<Record<Name, unknown>>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidOptionsError(
      `Expected ${what} to be an object with ${names.join(', ')}, got ${Array.isArray(value) ? 'a list' : kindOf(value)}.`,
    );
  }
  const known: ReadonlySet<string> = new Set(names);
  const strange = Object.keys(value).find(name => !known.has(name));
  if (strange !== undefined) {
    throw new InvalidOptionsError(
      `Expected ${what} to have no fields but ${names.join(', ')}, got "${strange.slice(0, 40)}".${didYouMean(strange, names)}`,
    );
  }
  return value;
}

/** @throws InvalidOptionsError */
export function requireText(what: string, value: unknown): string {
  if (typeof value === 'string') return value;
  throw new InvalidOptionsError(`Expected ${what} to be a text, got ${kindOf(value)}.`);
}

const OPTIONS = ['delay', 'at', 'priority', 'correlationId', 'generated'] as const;

/** How far an idempotency key of a caller reaches; its token's id stands before it. */
const LONGEST_KEY = 180;

/**
 * The options of an enqueue, from JSON; what is in them is checked where every enqueue is. A key is the token's own: that of another token is
 * another key, whatever it reads.
 * @throws InvalidOptionsError
 */
export function optionsFrom(value: unknown, key: unknown, tokenId: string): EnqueueOptions {
  const { delay, at, priority, correlationId, generated } = requireFields(value ?? {}, 'options', OPTIONS);
  return {
    // Each as it came: a wrong kind of value is refused by its name, like that of any caller.
    ...(delay !== undefined && { delay: delay as Duration }),
    ...(at !== undefined && { at: timeFrom(at) }),
    ...(priority !== undefined && { priority: priority as Priority }),
    ...(correlationId !== undefined && { correlationId: correlationId as string }),
    ...(generated !== undefined && { generated: generated as readonly string[] }),
    ...(key !== undefined && { idempotencyKey: keyOf(key, tokenId) }),
  };
}

function timeFrom(at: unknown): Date {
  const time = new Date(typeof at === 'string' && /^\d{4}-\d\d-\d\dT/.test(at) ? at : Number.NaN);
  if (!Number.isNaN(time.getTime())) return time;
  throw new InvalidOptionsError(
    `Expected at to be a time such as "2026-01-31T08:00:00Z", got ${typeof at === 'string' ? JSON.stringify(at.slice(0, 40)) : kindOf(at)}.`,
  );
}

function keyOf(key: unknown, tokenId: string): string {
  if (typeof key === 'string' && key.length >= 1 && key.length <= LONGEST_KEY) return `${tokenId}/${key}`;
  throw new InvalidOptionsError(
    `Expected the idempotency key to be a text of 1 to ${LONGEST_KEY} characters, got ${kindOfText(key)}.`,
  );
}
