import type { AnyJobContract, EnqueueOptions } from '../../contracts/index.ts';
import { didYouMean, InvalidOptionsError } from '../../errors/index.ts';
import { toMilliseconds, YEAR_MS } from '../../time/index.ts';
import { kindOf } from './check-requests.ts';
import { PRIORITY_NUMBERS } from './priorities.ts';

const KNOWN: ReadonlySet<string> = new Set(['delay', 'priority', 'idempotencyKey', 'generated', 'correlationId']);

export interface CheckedOptions {
  readonly delayMs: number;
  readonly priority: number;
  readonly idempotencyKey: string | undefined;
  readonly generated: readonly string[] | undefined;
  readonly correlationId: string | undefined;
}

/** @throws InvalidOptionsError for anything unknown or out of range: these may come from a request */
export function checkOptions(contract: AnyJobContract, options: EnqueueOptions): CheckedOptions {
  const given: unknown = options;
  if (typeof given !== 'object' || given === null) {
    throw new InvalidOptionsError(
      `Expected options for "${contract.name}" among ${[...KNOWN].join(', ')}, got ${kindOf(given)}. Leave them out for none.`,
    );
  }
  for (const name of Object.keys(options)) {
    if (!KNOWN.has(name)) {
      throw new InvalidOptionsError(
        `Expected options for "${contract.name}" among ${[...KNOWN].join(', ')}, got "${name.slice(0, 40)}".${didYouMean(name, KNOWN)}`,
      );
    }
  }
  const delayMs = options.delay === undefined ? 0 : toMilliseconds(options.delay, 'delay');
  const limit = contract.expiresAfterMs ?? YEAR_MS;
  if (delayMs > limit) {
    throw new InvalidOptionsError(
      `Expected delay for "${contract.name}" to be at most ${limit} ms ` +
        `(${contract.expiresAfterMs === undefined ? 'a year' : 'the job would have expired before it starts'}), got ${delayMs}.`,
    );
  }
  const named = options.priority ?? contract.priority;
  // `own`: a request may ask for the priority "constructor". A list of one would be read as what it holds.
  if (typeof named !== 'string' || !Object.hasOwn(PRIORITY_NUMBERS, named)) {
    throw new InvalidOptionsError(
      `Expected priority to be high, normal or low, got ${typeof named === 'string' ? JSON.stringify(String(named).slice(0, 40)) : kindOf(named)}.`,
    );
  }
  return {
    delayMs,
    priority: PRIORITY_NUMBERS[named],
    idempotencyKey: text('idempotencyKey', options.idempotencyKey),
    generated: fields(options.generated),
    correlationId: text('correlationId', options.correlationId),
  };
}

function text(name: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  // Correlation ids end up in log lines and headers.
  if (typeof value === 'string' && value.length >= 1 && value.length <= 200 && !/[\p{Cc}\u2028\u2029]/u.test(value))
    return value;
  throw new InvalidOptionsError(`Expected ${name} to be a text of 1 to 200 characters without control characters.`);
}

function fields(value: unknown): readonly string[] | undefined {
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.length <= 100 && value.every(name => typeof name === 'string')) return value;
  throw new InvalidOptionsError('Expected generated to be a list of at most 100 names of fields.');
}
