import { age, bytesText } from '../../time/index.ts';
import type { SpaceKind } from '../../engine/index.ts';
import type { Condition } from '../conditions/condition.ts';
import type { Work } from '../work/work.ts';
import { largestOf, type Space } from './space-watch.ts';

/** Above this somebody should make room, whether it grows or not. */
const NEARLY_FULL = 0.8;
/** From here on growth counts. */
const HALF_FULL = 0.5;
/** Less room is none: what is written together takes more. */
const FULL = 0.99;
/** To cancel a job writes something to it: what makes room has to be done before. */
const FULL_TEXTS = {
  soon: 'When it is full nothing can be enqueued, no job can end, and none can be cancelled.',
  now: 'It is full: nothing can be enqueued, no job can end and none can be cancelled until it may take more (CONFIG SET maxmemory).',
};
/** Less is what comes and goes. */
const LEAST_GROWN = 0.02;
const SOON_MS = 60 * 60_000;
/** Where nobody says how much there may be: what is smaller may double. */
const LARGE = 1024 ** 3;

/** How soon the engine is full at the rate of the last minutes; where it does not say how much it can store, how soon there is twice as much. */
export function fullInMs({ usedBytes, limit, growth }: Space): number | undefined {
  const whole = limit?.bytes ?? usedBytes;
  if (growth === undefined || growth.bytes < LEAST_GROWN * whole) return undefined;
  const left = limit === undefined ? usedBytes : Math.max(0, limit.bytes - usedBytes);
  return (left / growth.bytes) * growth.overMs;
}

/** What grows until nothing more can be enqueued. */
export function filling({ space }: Pick<Work, 'space'>): readonly Condition[] {
  if (space === undefined) return [];
  const { usedBytes, limit, growth, queues } = space;
  const share = limit === undefined ? undefined : usedBytes / limit.bytes;
  const ms = fullInMs(space);
  const isSoon = ms !== undefined && ms < SOON_MS;
  const isLarge = share === undefined ? usedBytes >= LARGE : share >= HALF_FULL;
  if (!(isSoon && isLarge) && (share ?? 0) < NEARLY_FULL) return [];
  const grown = isSoon ? growth?.most : undefined;
  const most = grown ?? largestOf(queues);
  const taken = queues.find(({ name }) => name === most?.queue)?.bytes;
  const what =
    most === undefined
      ? ''
      : ` What ${grown === undefined ? 'takes' : 'grows'} most: ${wordOf(most.kind)} of ${most.queue}, ${bytesText(taken?.[most.kind] ?? 0)} now.`;
  return [
    {
      kind: 'filling',
      about: 'engine',
      size: 1,
      needsYou: true,
      text: `${amountText(space)}${rateText(growth, ms, limit === undefined)}.${what} ${limit?.of === 'maxmemory' ? FULL_TEXTS[(share ?? 0) < FULL ? 'soon' : 'now'] : ''}`.trimEnd(),
      link: linkOf(most),
    },
  ];
}

function amountText({ usedBytes, limit }: Space): string {
  if (limit === undefined) return `The database takes ${bytesText(usedBytes)}`;
  const whole = limit.of === 'maxmemory' ? 'that it may take' : 'of memory that its machine has';
  const percent = Math.round((usedBytes / limit.bytes) * 100);
  return `Redis takes ${bytesText(usedBytes)} of the ${bytesText(limit.bytes)} ${whole} (${percent} %)`;
}

function rateText(growth: Space['growth'], ms: number | undefined, isUnbounded: boolean): string {
  if (growth === undefined || ms === undefined) return '';
  const rate = bytesText((growth.bytes / growth.overMs) * 1_000);
  return ` and grows by ${rate} a second: ${isUnbounded ? 'twice as much' : 'full'} in ${age(ms)}`;
}

function wordOf(kind: SpaceKind): string {
  const words = {
    waiting: 'the waiting jobs',
    running: 'the running jobs',
    delayed: 'the delayed jobs',
    succeeded: 'the jobs that have succeeded and are kept',
    dead: 'the dead letters',
    events: 'the events',
  };
  return words[kind];
}

/** Where that is made less: jobs that wait are cancelled, dead letters discarded; how long the others are kept is a matter of the contract. */
function linkOf(most: { readonly queue: string; readonly kind: SpaceKind } | undefined): Condition['link'] {
  if (most === undefined) return { path: '/workers', label: 'Workers' };
  const queue = encodeURIComponent(most.queue);
  switch (most.kind) {
    case 'waiting':
    case 'delayed':
    case 'running':
      return { path: `/jobs?queue=${queue}&state=${most.kind}`, label: 'Its jobs' };
    case 'dead':
      return { path: `/dead-letters?all=yes`, label: 'Dead letters' };
    case 'succeeded':
      return { path: `/queues/queue/${queue}?status=completed`, label: 'Its jobs' };
    case 'events':
      return { path: `/queues/queue/${queue}`, label: 'The queue' };
  }
}
