import { InvalidOptionsError } from '../errors/index.ts';
import { LETTER_STATES, type DeadLetterFilter } from '../dead-letters/index.ts';
import { UNFINISHED_STATES, type UnfinishedState } from '../engine/index.ts';
import type { Secrets } from '../secrets/index.ts';
import {
  FIND_STATES,
  recordedId,
  tagForms,
  WAITS,
  type CheckedFind,
  type FindState,
  type WaitsFor,
} from '../queue/index.ts';

/** What is done to each: `run-now` starts what waits for its time. */
export const BULK_ACTIONS = ['replay', 'discard', 'cancel', 'run-now'] as const;
export type BulkAction = (typeof BULK_ACTIONS)[number];

/** Which jobs: those to which all of it applies. Of a tag's value it has digests alone. */
export interface BulkFilter {
  readonly contract?: string | undefined;
  readonly queue?: string | undefined;
  readonly state?: FindState | undefined;
  readonly waitsFor?: WaitsFor['for'] | undefined;
  readonly cause?: string | undefined;
  readonly since?: number | undefined;
  /** Before. */
  readonly until?: number | undefined;
  /** A job's id, with what follows from it; or a trace id. */
  readonly id?: string | undefined;
  readonly tags?: readonly BulkTag[] | undefined;
  /** Dead letters that are no jobs too: of a cause. */
  readonly everyKind?: boolean | undefined;
}

export interface BulkTag {
  readonly name: string;
  /** Under the present secret, and under the previous one. */
  readonly digests: readonly string[];
}

export function bulkFilter(asked: CheckedFind, secrets: Secrets): BulkFilter {
  const { contract, queue, state, waitsFor, cause, since, until, id } = asked;
  const forms = tagForms(secrets, asked);
  const tags = asked.tags.map(({ name }, index) => ({ name, digests: forms[index] ?? [] }));
  return { contract, queue, state, waitsFor, cause, since, until, id, tags: tags.length === 0 ? undefined : tags };
}

/**
 * Whether this can be done to those.
 * @throws InvalidOptionsError
 */
export function checkBulk(
  what: BulkAction,
  filter: Omit<BulkFilter, 'tags'> & { readonly tags?: readonly unknown[] | undefined },
): void {
  const { contract, queue, cause, id, tags, state, waitsFor } = filter;
  if ([contract, queue, cause, id].every(each => each === undefined) && (tags ?? []).length === 0) {
    throw new InvalidOptionsError(
      'Expected a tag, an id, a contract, a queue or a cause beside what is done to all that match, got none.',
    );
  }
  const ended = what === 'replay' || what === 'discard';
  const states: readonly FindState[] = ended ? LETTER_STATES : what === 'cancel' ? UNFINISHED_STATES : ['delayed'];
  if (state !== undefined && !states.includes(state)) {
    throw new InvalidOptionsError(`Expected the state to be ${list(states)} to ${what}, got ${state}.`);
  }
  if (ended && waitsFor !== undefined)
    throw new InvalidOptionsError(`Expected no waitsFor to ${what}, got ${waitsFor}: jobs that wait have not ended.`);
  if (what === 'run-now' && waitsFor !== undefined && waitsFor !== 'time' && waitsFor !== 'release')
    throw new InvalidOptionsError(`Expected jobs that wait for time or release to run-now, got ${waitsFor}.`);
  if (!ended && cause !== undefined)
    throw new InvalidOptionsError(
      `Expected no cause to ${what}, got one: causes are of what has ended. Name a contract.`,
    );
}

function list(words: readonly string[]): string {
  return words.length === 1 ? String(words[0]) : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/** As dead letters know it. What has ended since the action was asked for is another failure. */
export function letterFilter(filter: BulkFilter, startedAt: number): DeadLetterFilter {
  const { contract, queue, state, cause, since, id, tags, everyKind } = filter;
  const until = Math.min(startedAt, filter.until === undefined ? Infinity : filter.until - 1);
  const isExpected = state === 'cancelled' || state === 'expired';
  return {
    kind: everyKind === true ? undefined : 'job',
    name: contract,
    queue,
    // A cause says by itself whether its jobs expired or were cancelled.
    all: isExpected || cause !== undefined,
    state: isExpected ? state : undefined,
    fingerprint: cause,
    since,
    until,
    about: id,
    tags: tags?.map(({ digests }) => digests),
  };
}

/** Where jobs are that an action finds while they have not ended. */
export function statesOf(what: BulkAction, { state }: BulkFilter): readonly UnfinishedState[] {
  if (what === 'run-now') return ['delayed'];
  const one = UNFINISHED_STATES.find(each => each === state);
  return one === undefined ? UNFINISHED_STATES : [one];
}

/** In words, for people and for the record: of tags the names, with digests. */
export function filterWords({ tags = [], ...others }: BulkFilter): string {
  const { cause, contract, queue, state, waitsFor, id, since, until } = others;
  const times = [
    ['since', since],
    ['before', until],
  ] as const;
  const said = [
    ...tags.map(({ name, digests }) => `tag ${name} (${digests[0] ?? '?'})`),
    ...Object.entries({ id: id && recordedId(id), cause, contract, queue, state, 'waits for': waitsFor }).flatMap(
      ([name, value]) => (value === undefined ? [] : [`${name} ${value}`]),
    ),
    ...times.flatMap(([name, at]) => (at === undefined ? [] : [`${name} ${new Date(at).toISOString()}`])),
  ];
  return said.join(', ');
}

/** What perhaps another release has written; undefined for what cannot be read: an action on less than was asked for would be on more jobs. */
export function filterIn(value: unknown): BulkFilter | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const given: Readonly<Record<string, unknown>> = { ...value };
  const known = new Set([...TEXTS, ...NUMBERS, 'state', 'waitsFor', 'tags', 'everyKind']);
  if (Object.keys(given).some(name => !known.has(name))) return undefined;
  if (TEXTS.some(name => given[name] !== undefined && typeof given[name] !== 'string')) return undefined;
  if (NUMBERS.some(name => given[name] !== undefined && typeof given[name] !== 'number')) return undefined;
  const state = FIND_STATES.find(each => each === given['state']);
  const waitsFor = WAITS.find(each => each === given['waitsFor']);
  if (state !== given['state'] || waitsFor !== given['waitsFor']) return undefined;
  const tags = given['tags'] === undefined ? undefined : tagsIn(given['tags']);
  if (tags === undefined && given['tags'] !== undefined) return undefined;
  const text = (name: (typeof TEXTS)[number]): string | undefined => textIn(given[name]);
  return {
    contract: text('contract'),
    queue: text('queue'),
    cause: text('cause'),
    id: text('id'),
    since: numberIn(given['since']),
    until: numberIn(given['until']),
    state,
    waitsFor,
    tags,
    everyKind: given['everyKind'] === true,
  };
}

const TEXTS = ['contract', 'queue', 'cause', 'id'] as const;
const NUMBERS = ['since', 'until'] as const;

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function numberIn(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function tagsIn(value: unknown): readonly BulkTag[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const tags = value.flatMap((each: unknown): readonly BulkTag[] => {
    if (typeof each !== 'object' || each === null) return [];
    const { name, digests }: Partial<Record<'name' | 'digests', unknown>> = each;
    if (typeof name !== 'string' || !Array.isArray(digests) || digests.length === 0) return [];
    const texts = digests.filter((digest: unknown) => typeof digest === 'string');
    return texts.length === digests.length ? [{ name, digests: texts }] : [];
  });
  return tags.length === value.length ? tags : undefined;
}
