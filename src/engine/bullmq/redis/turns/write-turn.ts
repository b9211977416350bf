import { memberEnd, memberText, type MemberEnd } from '../../../batches/index.ts';
import {
  startPace,
  type End,
  type EndKind,
  type Failed,
  type GroupLimit,
  type Keep,
  type Succeeded,
  type Turn,
  type TurnQueueSettings,
} from '../../../turns/index.ts';
import { writeOptions } from './options.ts';
import type { ScriptArgument } from './script.ts';

/** BullMQ's own: how many aged jobs one end removes at most. */
const AGED_AT_MOST = 1_000;

export interface TurnMemory {
  /** How many minutes of BullMQ's metrics are kept. */
  readonly metricsKept: number;
  /** For how long from now on the turn is remembered; undefined for as long as is said already. */
  readonly rememberedMs: number | undefined;
}

/** The arguments of a turn's script: see scripts/prelude.ts. */
export function turnArguments(
  prefix: string,
  { id, now, ends, take }: Turn,
  { rate }: TurnQueueSettings,
  { metricsKept, rememberedMs }: TurnMemory,
): ScriptArgument[] {
  const keeps: Keep[] = [];
  const heads: string[] = [];
  const words: ScriptArgument[] = [];
  const notes: ScriptArgument[] = [];
  // As many as there are contracts among the ends: few.
  const keepOf = (keep: Keep): number => {
    const index = keeps.findIndex(other => isSame(keep, other));
    return index === -1 ? keeps.push(keep) : index + 1;
  };
  let batchId: string | undefined;
  // The ends of a turn are mostly of one batch, whose name would be half of what is sent of each.
  const memberIn = (member: MemberEnd): string => {
    if (member.batchId === batchId) return String(member.at);
    batchId = member.batchId;
    return memberText(member);
  };
  for (const [index, { jobId, token, end }] of ends.entries()) {
    heads.push(jobId, token, pushWords(words, jobId, end, now, { keepOf, memberIn }));
    pushNote(notes, index + 1, end);
  }
  const tokens = take?.tokens ?? [];
  const head = [
    prefix,
    now,
    id,
    tokens.length,
    take?.lockMs ?? 0,
    take?.worker ?? '',
    rate === undefined ? '' : `${rate.max} ${rate.perMs}`,
    dueScore(now),
    take?.maxBytes ?? 0,
    metricsKept,
    rememberedMs ?? '',
    keeps.length,
    ends.length,
    words.length,
    notes.length / 5,
  ];
  const kept = keeps.flatMap(({ count = -1, age, limit }) => [
    count < 0 ? '' : count,
    age === undefined ? '' : now - age * 1_000,
    limit ?? AGED_AT_MOST,
  ]);
  return [...head, ...kept, ...heads, ...words, ...notes, ...tokens];
}

/** What a turn with limits is told beside: see scripts/groups.ts. `released`: ends that BullMQ's own script has written meanwhile. */
export function limitArguments(
  limits: readonly GroupLimit[],
  ends: readonly End[],
  released: readonly End[],
  expiresAfterMs: ReadonlyMap<string, number>,
): ScriptArgument[] {
  const written: ScriptArgument[] = [];
  for (const { name, concurrency, rate, strict = false, fair = false, tiered = false } of limits) {
    const pace = rate && startPace(rate);
    written.push(
      name,
      concurrency ?? '',
      pace?.max ?? '',
      pace?.windowMs ?? '',
      pace?.intervalMs ?? '',
      pace?.slackMs ?? '',
      strict ? 'strict' : '',
      fair ? 'fair' : '',
      tiered ? 'tiered' : '',
    );
  }
  const places: ScriptArgument[] = [];
  for (const { jobId, groups = [] } of released) for (const group of groups) places.push(`=${jobId}`, group);
  for (const [index, { groups = [] }] of ends.entries()) for (const group of groups) places.push(index + 1, group);
  return [limits.length, places.length / 2, expiresAfterMs.size, ...written, ...places, ...[...expiresAfterMs].flat()];
}

/** What an end says, and what it is. */
function pushWords(
  words: ScriptArgument[],
  jobId: string,
  end: EndKind,
  now: number,
  { keepOf, memberIn }: { keepOf(keep: Keep): number; memberIn(member: MemberEnd): string },
): string {
  switch (end.what) {
    case 'succeeded': {
      const keep = keepOf(end.keep);
      const [member, key] = [memberEnd(jobId, end), keyOf(end)];
      if (keep === 1 && key === '' && end.keptMs === undefined) {
        words.push(end.result);
        if (member === undefined) return 'k';
        words.push(memberIn(member));
        return 'm';
      }
      words.push(`${keep}${memberOf(jobId, end)}`, end.result, end.keptMs ?? '', key);
      return 's';
    }
    case 'cancelled':
    case 'expired':
    case 'dead':
      words.push(`${keepOf(end.keep)} ${end.attempts}${memberOf(jobId, end)}`);
      words.push(end.failure.message, stacksOf(end), keyOf(end));
      return 'f';
    case 'retry':
      words.push(delayUntil(end.at, now), end.failure.message, stacksOf(end), end.lifo ? 'RPUSH' : 'LPUSH');
      return 'r';
    case 'snoozed':
      words.push(delayUntil(end.until, now), '', '', '');
      return 'z';
    case 'handed-back':
      words.push(end.opts === undefined ? '' : writeOptions(end.opts), '', '', '');
      return 'b';
  }
}

/** Few jobs are members of a batch: theirs stands behind another argument, so that the others send no more. */
function memberOf(jobId: string, end: Succeeded | Failed): string {
  const member = memberEnd(jobId, end);
  return member === undefined ? '' : ` ${memberText(member)}`;
}

function keyOf({ key }: Succeeded | Failed): string {
  if (key === undefined) return '';
  return key.kind === 'held' ? 'h' : `${key.forMs} ${key.data ?? ''}`;
}

function pushNote(notes: ScriptArgument[], index: number, end: EndKind): void {
  if (end.what === 'handed-back') return;
  const progress = end.what === 'snoozed' ? end.progress : undefined;
  if (end.line === undefined && end.data === undefined && progress === undefined) return;
  notes.push(index, end.line?.text ?? '', end.line?.keep ?? '', end.data ?? '', progress ?? '');
}

function stacksOf({ failure }: Extract<End['end'], { failure: unknown }>): string {
  return JSON.stringify(failure.stacktrace);
}

/** BullMQ's delayed jobs stand by their time, 4,096 to a millisecond. */
function dueScore(now: number): number {
  return (now + 1) * 4_096 - 1;
}

/** Whole milliseconds, as BullMQ has them. */
function delayUntil(at: number, now: number): number {
  return Math.max(0, Math.ceil(at - now));
}

function isSame(one: Keep, other: Keep): boolean {
  return one === other || (one.count === other.count && one.age === other.age && one.limit === other.limit);
}
