import type { App } from '../../src/contracts/index.ts';
import { hasCode } from '../../src/errors/index.ts';
import { checkFind, recordedId, type CheckedFind, type FindOptions } from '../../src/queue/index.ts';

/** What a person has filled in: texts, as the form has them. */
export interface AskedJobs {
  readonly id: string;
  /** `NAME=VALUE`, with a space between several. */
  readonly tag: string;
  readonly contract: string;
  readonly queue: string;
  readonly state: string;
  readonly waitsFor: string;
  readonly cause: string;
  /** A time, as `datetime-local` has it, in UTC; or how long ago: `2h`. */
  readonly since: string;
  readonly until: string;
  readonly cursor: string;
}

export type FieldName = keyof AskedJobs;
const FIELDS: readonly FieldName[] = [
  'id',
  'tag',
  'contract',
  'queue',
  'state',
  'waitsFor',
  'cause',
  'since',
  'until',
  'cursor',
];
const MOST = 300;
const MOST_OF_CURSOR = 1_500;

/** What leads to a page holds a job's id, in other letters. */
function mostOf(name: string): number {
  return name === 'cursor' ? MOST_OF_CURSOR : MOST;
}

/** From the address, or a form. */
export function askedIn(given: unknown): AskedJobs {
  const values: Partial<Record<string, unknown>> = typeof given === 'object' && given !== null ? { ...given } : {};
  const text = (name: FieldName): string => {
    const value = values[name];
    return typeof value === 'string' ? value.trim().slice(0, mostOf(name)) : '';
  };
  return {
    id: text('id'),
    tag: text('tag'),
    contract: text('contract'),
    queue: text('queue'),
    state: text('state'),
    waitsFor: text('waitsFor'),
    cause: text('cause'),
    since: text('since'),
    until: text('until'),
    cursor: text('cursor'),
  };
}

/** Whether `askedIn` leaves nothing out: without a filter that is misspelt, no text or too long an action would be on more jobs. */
export function isAskedWhole(given: object): boolean {
  return Object.entries(given).every(
    ([name, value]: readonly [string, unknown]) =>
      FIELDS.some(field => field === name) &&
      typeof value === 'string' &&
      value.trim().length <= mostOf(name) &&
      // PostgreSQL stores none.
      !value.includes('\0'),
  );
}

/** Whether a tag is asked for whose value is for nobody's eyes: it may be a person's, so it stands in no address. */
export function isSensitive({ tag }: AskedJobs, app: Pick<App, 'jobs'>): boolean {
  const names = tag.split(/\s+/).flatMap(word => (word === '' ? [] : [word.split('=', 1)[0] ?? '']));
  const contracts = [...app.jobs.values()];
  return names.some(name => !contracts.some(({ tags }) => tags?.shown.has(name) === true));
}

/** What was looked for, for the record: of tags their names alone. A word without a `=` may be a value, as in `name=Ann Lee`. */
export function namesOf(asked: AskedJobs): string {
  const tags = asked.tag.split(/\s+/).flatMap(word => /^([a-z][\w-]{0,39})=/i.exec(word)?.[1] ?? []);
  const told = FIELDS.flatMap(name =>
    asked[name] === '' || name === 'tag' || name === 'cursor'
      ? []
      : [`${name} ${name === 'id' ? recordedId(asked.id) : asked[name]}`],
  );
  return [...tags.map(name => `tag ${name}`), ...told].join(', ');
}

/** The address of the same search: without a page where it is left out. */
export function addressOf(base: string, asked: Partial<AskedJobs>): string {
  const pairs = FIELDS.flatMap((name): [string, string][] => (asked[name] ? [[name, asked[name]]] : []));
  return pairs.length === 0 ? `${base}/jobs` : `${base}/jobs?${new URLSearchParams(pairs)}`;
}

/** The search, or what is wrong with it in words that repeat no value of a tag. */
export function readAsked(asked: AskedJobs, now: number, limit: number): CheckedFind | string {
  // PostgreSQL refuses it in any text.
  if (FIELDS.some(name => asked[name].includes('\0'))) return 'What is looked for holds a NUL character.';
  const { tag, since, until, ...others } = asked;
  const tags: Record<string, string> = {};
  for (const word of tag.split(/\s+/).filter(each => each !== '')) {
    const at = word.indexOf('=');
    if (at < 1 || at === word.length - 1) return 'Write tags as NAME=VALUE, with a space between several.';
    tags[word.slice(0, at)] = word.slice(at + 1);
  }
  const given: Record<string, unknown> = { ...others, limit };
  if (Object.keys(tags).length > 0) given['tag'] = tags;
  for (const [name, text] of [
    ['since', since],
    ['until', until],
  ] as const) {
    if (text === '') continue;
    const at = timeIn(text, now);
    if (at === undefined)
      return `Write ${name} as a time in UTC, such as 2026-11-29T14:00, or how long ago: 30m, 2h, 3d.`;
    given[name] = at;
  }
  const options: FindOptions = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''));
  try {
    return checkFind(options);
  } catch (error) {
    if (hasCode(error, 'INVALID_OPTIONS')) return error.message;
    throw error;
  }
}

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

function timeIn(text: string, now: number): number | undefined {
  const [, count, unit = ''] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  if (count !== undefined) return now - Number(count) * (UNITS[unit] ?? 0);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z?$/.test(text)) return undefined;
  const at = Date.parse(text.endsWith('Z') ? text : `${text}Z`);
  return Number.isNaN(at) ? undefined : at;
}
