import { createHash, randomFillSync } from 'node:crypto';
import type { JobPlace } from '../../engine/index.ts';
import type { KeyedDigests } from '../../secrets/index.ts';

/** `QUEUE-TIME-TAIL`: no colon (BullMQ's separator), never digits only, sorts by time within a queue. Those of 0.1 have the same form. */
const PARTS = /^([^\s\p{Cc}:/,{}*]{1,100})-[0-9a-z]{20}-[0-9A-Za-z]{10}$/u;
const SORTABLE = 20;
const TAIL = 10;
/** Of the sortable part, its end: `IdSource.instance`. */
const SOURCE = 7;
/** Digits of the time in milliseconds, in base 36. */
export const TIME_DIGITS = 9;

/** An id that says where the job is and when it was made, and nothing of its data. Measured 0.2 us. */
export function jobIdOf(queue: string, sortable: string): string {
  return `${queue}-${sortable}-${randomTail()}`;
}

/**
 * The id of a job that follows from something, the same for the same cause: the time of the cause and a keyed digest of it, about 108 bits.
 */
export function derivedId(queue: string, atMs: number, cause: string, digests: KeyedDigests): string {
  return idFrom(queue, atMs, digests.hexOf('cause', cause));
}

/** The id of a job that is made of a part of another one, the same for the same part. A job's id says nothing of its data: no secret is needed. */
export function partId(queue: string, atMs: number, jobId: string, part: string): string {
  return idFrom(queue, atMs, createHash('sha256').update(`${jobId} ${part}`).digest('hex'));
}

function idFrom(queue: string, atMs: number, hex: string): string {
  const time = Math.max(0, Math.floor(atMs)).toString(36).padStart(TIME_DIGITS, '0').slice(-TIME_DIGITS);
  const rest = BigInt(`0x${hex}`)
    .toString(36)
    .padStart(SORTABLE - TIME_DIGITS + TAIL, '0')
    .slice(-(SORTABLE - TIME_DIGITS + TAIL));
  return `${queue}-${time}${rest.slice(0, -TAIL)}-${rest.slice(-TAIL)}`;
}

export interface JobIdParts {
  readonly queue: string;
}

/** Says where a job is, from its id alone; undefined for an id that is not ours. */
export function parseJobId(id: string): JobIdParts | undefined {
  const match = typeof id === 'string' && id.length <= 200 ? PARTS.exec(id) : null;
  return match?.[1] === undefined ? undefined : { queue: match[1] };
}

/** Which source of ids has made this one, if one has: of an id that is made of a cause it is a part of that digest. */
export function sourceIn(id: string): string | undefined {
  return parseJobId(id) === undefined ? undefined : id.slice(-TAIL - 1 - SOURCE, -TAIL - 1);
}

/**
 * A queue's name, and behind a slash the id that another program has given its job. BullMQ's own keys are joined by colons: an id has one only where it
 * is that of a scheduler's job, `repeat:SCHEDULER:TIME`.
 */
const PLACE = /^([^\s\p{Cc}:/,{}*]{1,100})\/([^:\p{Cc}]{1,200}|repeat:[^\p{Cc}]{1,200}:\d{1,16})$/u;

/** Where a job is, as people name it: by an id of ours, or `QUEUE/ID`. Undefined for what names none. */
export function placeOf(text: string): JobPlace | undefined {
  const own = parseJobId(text);
  if (own !== undefined) return { queue: own.queue, id: text };
  const match = text.length <= 330 ? PLACE.exec(text) : null;
  const [, queue, id] = match ?? [];
  return queue === undefined || id === undefined ? undefined : { queue, id };
}

/** Of a trace, as W3C has it. */
const TRACE = /^[0-9a-f]{32}$/;

/**
 * What somebody looked for as an id, for the record: ids of jobs and of traces say nothing of anybody; whatever else was typed in that place may be a
 * person's address.
 */
export function recordedId(text: string): string {
  return placeOf(text) !== undefined || TRACE.test(text) ? text : `that is of no job (${text.length} characters)`;
}

/** As `placeOf` reads it. */
export function shownJobId({ queue, id }: JobPlace): string {
  return parseJobId(id)?.queue === queue ? id : `${queue}/${id}`;
}

/** Asked for all at once: the kernel's randomness for each id would cost ten times the id. */
const random = Buffer.alloc(TAIL * 512);
let used = random.length;

/** 32 of them: a byte gives one without a bias. */
const DIGITS = '0123456789abcdefghijklmnopqrstuv';

/** 50 bits. By a table: a number of that size as text would cost ten times as much. */
function randomTail(): string {
  if (used === random.length) {
    randomFillSync(random);
    used = 0;
  }
  let tail = '';
  for (const end = used + TAIL; used < end; used += 1) tail += DIGITS[(random[used] ?? 0) & 31];
  return tail;
}
