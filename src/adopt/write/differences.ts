import { checkNamespace, InvalidConfigError, QUEUE_NAME_RULE } from '../../config/index.ts';
import type { OptionsShape } from '../infer/infer-job.ts';
import { isTooOld, type AdoptedQueue } from './adopted-queue.ts';

/** Schedulers that the report spells out. */
const SPELLED_OUT = 10;

/** What a worker of ours on these keys would do in another way, or could not do: a sentence each. */
export function differences(queue: AdoptedQueue): readonly string[] {
  if (isTooOld(queue)) {
    return [
      `${ageText(queue)}. Do not run workers of ours here: make the new queue \`${queue.contractQueue}\`, which the contracts name, let this one run empty, switch`,
    ];
  }
  const { prefix, schedulers, counts, globalConcurrency: most } = queue;
  const names = queue.namesFromData;
  const withoutData = schedulers.looked.filter(({ keepsData }) => !keepsData).length;
  const sum = (of: keyof OptionsShape): number => queue.jobs.reduce((all, { options }) => all + Number(options[of]), 0);
  const cases: readonly (readonly [applies: boolean, text: string])[] = [
    [
      !isNamespace(prefix),
      `the prefix \`${prefix}\` is no namespace: workers of ours cannot reach these keys. Make a new queue, let this one run empty`,
    ],
    [
      queue.contractQueue !== queue.name,
      `a queue of ours cannot have this name (${QUEUE_NAME_RULE}). Make the new queue \`${queue.contractQueue}\`, which the contracts name, let this one run empty`,
    ],
    [prefix !== 'bull' && isNamespace(prefix), `set SHIFTWORK_NAMESPACE=${prefix} for every process`],
    [
      names > 0,
      `${amount(names, 'job name')} came from data (${amount(queue.jobsWithNamesFromData, 'job')}). A contract has one name: rename them in the producer first`,
    ],
    [
      queue.jobs.length > 0,
      'a worker takes every job of its queue. A name without a contract is put off for up to an hour and is a dead letter then: name all of them',
    ],
    [ownBackoffs(queue) > 0, 'backoff strategies of your own: give the contract one of ours'],
    [sum('lifo') > 0, 'ours have no last in, first out: use a priority'],
    [sum('deduplicated') > 0, "deduplication becomes the contract's `key`"],
    [sum('ownIds') > 0, "ids of your own become the contract's `key`: ids are ours"],
    [sum('withPriority') > 0, 'a job without a priority goes before every job with one; all of ours have one'],
    [
      schedulers.total > 0,
      `${amount(schedulers.total, 'scheduler')}${schedulerTexts(queue)}: they go on; \`defineSchedule\` takes one over when you remove it here`,
    ],
    [
      schedulers.legacy > 0,
      `${schedulers.legacy} of these are repeatables of an older form, which BullMQ 6 does not carry on`,
    ],
    [
      withoutData > 0,
      `${amount(withoutData, 'scheduler')} without data of their own, as BullMQ 5.30 and older leave them: where workers of ours or of BullMQ 6 run, their next job has empty data. Upsert them with a newer BullMQ 5 first`,
    ],
    [
      counts['waiting-children'] > 0 || sum('children') > 0,
      'flows go on: parents wait for their children, whoever runs these',
    ],
    [most !== undefined, `at most ${most} at once, set in Redis: our workers obey it`],
    [queue.hasGlobalRate, 'a rate is set in Redis: our workers obey it'],
    [queue.isPaused, 'it is paused: our workers obey that'],
  ];
  return cases.filter(([applies]) => applies).map(([, text]) => text);
}

function ageText({ origin }: AdoptedQueue): string {
  const isUnknown = origin.library === 'bullmq' && origin.version === undefined;
  return isUnknown ? 'the layout may be older than BullMQ 5: nothing here tells' : 'the layout is older than BullMQ 5';
}

/** `1 job`, `2 jobs`. */
export function amount(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}

function isNamespace(prefix: string): boolean {
  try {
    checkNamespace(prefix);
    return true;
  } catch (error) {
    if (error instanceof InvalidConfigError) return false;
    throw error;
  }
}

function ownBackoffs({ jobs }: AdoptedQueue): number {
  const types = jobs.flatMap(({ options }) => options.backoffs.map(({ value }) => value.type));
  return types.filter(type => type !== 'fixed' && type !== 'exponential').length;
}

function schedulerTexts({ schedulers }: AdoptedQueue): string {
  const texts = schedulers.looked.map(({ pattern, everyMs, timeZone }) =>
    pattern === undefined ? `every ${everyMs} ms` : [pattern, timeZone].filter(part => part !== undefined).join(' '),
  );
  if (texts.length === 0) return '';
  const more = schedulers.total - Math.min(texts.length, SPELLED_OUT);
  return ` (${[...texts.slice(0, SPELLED_OUT), ...(more > 0 ? [`${more} more`] : [])].join('; ')})`;
}
