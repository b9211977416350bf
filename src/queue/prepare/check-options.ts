import type { AnyJobContract, EnqueueOptions, Priority } from '../../contracts/index.ts';
import { InvalidOptionsError, kindOf, kindOfText, requireKnown } from '../../errors/index.ts';
import { toMilliseconds, YEAR_MS } from '../../time/index.ts';
import { PRIORITY_NUMBERS } from './priorities.ts';

const KNOWN: ReadonlySet<string> = new Set(['at', 'delay', 'priority', 'idempotencyKey', 'generated', 'correlationId']);

export interface CheckedOptions {
  readonly delayMs: number;
  /** Undefined: the delay counts. */
  readonly atMs: number | undefined;
  readonly priority: number;
  readonly idempotencyKey: string | undefined;
  readonly generated: readonly string[] | undefined;
  readonly correlationId: string | undefined;
}

/** @throws InvalidOptionsError for anything unknown or out of range: these may come from a request */
export function checkOptions(contract: AnyJobContract, options: EnqueueOptions): CheckedOptions {
  requireKnown(`options for "${contract.name}"`, options, KNOWN);
  if (contract.chunk !== undefined && (options.idempotencyKey !== undefined || options.generated !== undefined)) {
    throw new InvalidOptionsError(
      `Expected no idempotencyKey and no generated for "${contract.name}": its items travel in chunks, and a job of many has no key. ` +
        'Put what identifies an item into it, for where it is kept.',
    );
  }
  const delayMs = options.delay === undefined ? 0 : toMilliseconds(options.delay, 'delay');
  if (options.delay !== undefined && options.at !== undefined) {
    throw new InvalidOptionsError(`Expected at or delay for "${contract.name}", got both.`);
  }
  requireStart(contract, 'delay', delayMs);
  return {
    delayMs,
    atMs: options.at === undefined ? undefined : checkAt(options.at),
    priority: checkPriority(options.priority ?? contract.priority),
    idempotencyKey: text('idempotencyKey', options.idempotencyKey),
    generated: fields(options.generated),
    correlationId: text('correlationId', options.correlationId),
  };
}

/** Milliseconds since 1970. @throws InvalidOptionsError */
export function checkAt(at: unknown): number {
  if (at instanceof Date && Number.isFinite(at.getTime())) return at.getTime();
  throw new InvalidOptionsError(`Expected at to be a Date, got ${at instanceof Date ? 'an invalid one' : kindOf(at)}.`);
}

/** The delay of a job that starts then, by the engine's time. @throws InvalidOptionsError */
export function delayUntil(contract: AnyJobContract, atMs: number, now: number): number {
  const delayMs = Math.max(0, Math.ceil(atMs - now));
  requireStart(contract, 'at', delayMs);
  return delayMs;
}

/** How long after it was enqueued a job may start, in milliseconds. */
export function limitOfDelay({ expiresAfterMs }: AnyJobContract): number {
  return expiresAfterMs ?? YEAR_MS;
}

function requireStart(contract: AnyJobContract, option: string, delayMs: number): void {
  const limit = limitOfDelay(contract);
  if (delayMs <= limit) return;
  throw new InvalidOptionsError(
    `Expected ${option} for "${contract.name}" to be at most ${limit} ms${option === 'at' ? ' from now' : ''} ` +
      `(${contract.expiresAfterMs === undefined ? 'a year' : 'the job would have expired before it starts'}), got ${delayMs}.`,
  );
}

/** BullMQ's number. @throws InvalidOptionsError */
export function checkPriority(named: unknown): number {
  // `own`: a request may ask for the priority "constructor". A list of one would be read as what it holds.
  if (typeof named === 'string' && isPriority(named)) return PRIORITY_NUMBERS[named];
  throw new InvalidOptionsError(
    `Expected priority to be high, normal or low, got ${typeof named === 'string' ? JSON.stringify(named.slice(0, 40)) : kindOf(named)}.`,
  );
}

function isPriority(named: string): named is Priority {
  return Object.hasOwn(PRIORITY_NUMBERS, named);
}

function text(name: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  // Correlation ids end up in log lines and headers. Half of a surrogate pair is in no text that PostgreSQL can hold.
  if (
    typeof value === 'string' &&
    value.length >= 1 &&
    value.length <= 200 &&
    !/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(value)
  )
    return value;
  throw new InvalidOptionsError(
    `Expected ${name} to be a text of 1 to 200 characters without control characters, got ${kindOfText(value)}.`,
  );
}

function fields(value: unknown): readonly string[] | undefined {
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.length <= 100 && value.every(name => typeof name === 'string')) return value;
  throw new InvalidOptionsError('Expected generated to be a list of at most 100 names of fields.');
}
