import type { Tags } from '../../contracts/index.ts';
import { InvalidOptionsError, kindOf, kindOfText, requireKnown } from '../../errors/index.ts';
import { storableText } from '../../privacy/index.ts';
import type { WaitsFor } from '../views/why-it-waits.ts';
import { tagFrom, type JobTag } from './job-tags.ts';
import { placeOfPage, type PagePlace } from './page-place.ts';

/** What a job is, or was at an end; `retried` finds attempts that failed and were tried again. */
export const FIND_STATES = [
  'waiting',
  'delayed',
  'running',
  'succeeded',
  'dead',
  'cancelled',
  'expired',
  'retried',
] as const;
export type FindState = (typeof FIND_STATES)[number];

export const WAITS = ['time', 'limit', 'pause', 'release', 'children'] as const satisfies readonly WaitsFor['for'][];

/** Which jobs `client.find` looks for: those to which all of it applies. All of the newest when nothing is said. */
export interface FindOptions {
  /** Jobs that carry all of these: `{ user: 'u-1' }`. */
  readonly tag?: Tags;
  /** A job's id, and what follows from it (their correlation id); or a trace id. */
  readonly id?: string;
  readonly contract?: string;
  /** In that queue alone; in all when left out. */
  readonly queue?: string;
  readonly state?: FindState;
  /** Jobs that wait for this. */
  readonly waitsFor?: WaitsFor['for'];
  /** The fingerprint of a cause, as dead letters have it. */
  readonly cause?: string;
  /** Ended, or enqueued and not ended, at or after; milliseconds since 1970. */
  readonly since?: number;
  /** Before. */
  readonly until?: number;
  /** 50 when left out, 200 at most. */
  readonly limit?: number;
  /** Where the page before ended: `next` of its answer. */
  readonly cursor?: string;
}

export interface CheckedFind extends Omit<FindOptions, 'tag' | 'limit' | 'cursor'> {
  readonly tags: readonly JobTag[];
  readonly limit: number;
  readonly page: PagePlace;
}

type Known = { readonly [Name in keyof Required<FindOptions>]: 'object' | 'string' | 'number' };
const KNOWN: Known = {
  tag: 'object',
  id: 'string',
  contract: 'string',
  queue: 'string',
  state: 'string',
  waitsFor: 'string',
  cause: 'string',
  since: 'number',
  until: 'number',
  limit: 'number',
  cursor: 'string',
};
const NAMES = new Set(Object.keys(KNOWN));
const LIMIT = 50;
const MOST = 200;

/** @throws InvalidOptionsError: these may come from a request */
export function checkFind(options: FindOptions): CheckedFind {
  const given: unknown = options;
  requireKnown('the options of find', given, NAMES);
  for (const [name, value] of Object.entries(given)) {
    if (!isKnown(name)) continue;
    if (value !== undefined && (typeof value !== KNOWN[name] || value === null))
      throw new InvalidOptionsError(`Expected ${name} to be ${WORDS[KNOWN[name]]}, got ${kindOf(value)}.`);
    // No job has such a text, and not every engine can be asked for one.
    if (typeof value === 'string' && storableText(value) !== value)
      throw new InvalidOptionsError(
        `Expected ${name} to be a text without a NUL character or half of a surrogate pair, got ${kindOfText(value)}.`,
      );
  }
  const { tag = {}, limit = LIMIT, cursor, ...others } = options;
  requireOneOf('state', others.state, FIND_STATES);
  requireOneOf('waitsFor', others.waitsFor, WAITS);
  for (const name of ['since', 'until'] as const)
    if (others[name] !== undefined && !Number.isFinite(others[name]))
      throw new InvalidOptionsError(`Expected ${name} to be milliseconds since 1970, got ${String(others[name])}.`);
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST)
    throw new InvalidOptionsError(
      `Expected limit to be an integer from 1 to ${MOST}, got ${String(limit).slice(0, 40)}.`,
    );
  const tags = Object.entries(tag).map(([name, value]): JobTag => {
    const read = tagFrom(name, value);
    if (typeof read === 'string') throw new InvalidOptionsError(`tag.${name.slice(0, 40)}: ${read}.`);
    return read;
  });
  if (options.tag !== undefined && tags.length === 0)
    throw new InvalidOptionsError('Expected tag to name at least one tag, got none.');
  const page = placeOfPage(cursor);
  if (page === undefined)
    throw new InvalidOptionsError('Expected cursor to be `next` of the page before, got a text that is none.');
  return { ...others, tags, limit, page };
}

const WORDS = { object: "an object such as { user: 'u-1' }", string: 'a text', number: 'a number' } as const;

function isKnown(name: string): name is keyof FindOptions {
  return NAMES.has(name);
}

function requireOneOf(name: string, value: string | undefined, among: readonly string[]): void {
  if (value === undefined || among.includes(value)) return;
  throw new InvalidOptionsError(`Expected ${name} to be one of ${among.join(', ')}, got "${value.slice(0, 40)}".`);
}
