import { OptionTexts, PARKED_PRIORITY, type NewJob } from '../../../turns/index.ts';

/** No options are empty: there are the attempts. */
const TEXTS = new OptionTexts(
  write,
  (plain, metadata) => `${plain.slice(0, -1)},"telemetry":{"metadata":${JSON.stringify(metadata)}}}`,
);

/**
 * A job as `shiftwork_add` reads it, as JSON; the options are stored as BullMQ's PostgreSQL backend stores them, with their long names. The
 * data is JSON already and stands in it as it is.
 */
export function writeEntry({ id, name, data, opts, metadata, timestamp, before, instead }: NewJob): string {
  const { delay = 0, priority = 0, lifo = false, attempts = 0, deduplication, parent, repeatJobKey } = opts;
  const rare = {
    ...(deduplication !== undefined && { dedupId: deduplication.id }),
    ...(before !== undefined && { before }),
    ...(instead !== undefined && { instead }),
    ...(repeatJobKey !== undefined && { schedulerId: repeatJobKey }),
    ...(parent !== undefined && {
      parentId: parent.id,
      parentQueue: parent.queue,
      parentKey: `${parent.queue}:${parent.id}`,
    }),
  };
  const place = awaitsItsTurn(opts) ? priority + PARKED_PRIORITY : priority;
  const written = JSON.stringify({ id, name, priority: place, delay, timestamp, attempts, lifo, ...rare });
  return `${written.slice(0, -1)},"opts":${TEXTS.of(opts, metadata)},"data":${data}}`;
}

/** It stands in the line of its group from the beginning. Where it has a key that may meet another job, that is found out later. */
function awaitsItsTurn({ fair, groups = [], delay = 0, deduplication, parent }: NewJob['opts']): boolean {
  if (fair === undefined || delay > 0 || deduplication !== undefined || parent !== undefined) return false;
  return groups.some(group => group.split('/', 1)[0] === fair.limit);
}

/** As JSON. */
export function writeOptions(opts: NewJob['opts']): string {
  return TEXTS.of(opts);
}

function write(opts: NewJob['opts']): string {
  return JSON.stringify({
    ...opts,
    attempts: opts.attempts ?? 0,
    ...(typeof opts.backoff === 'number' && { backoff: fixed(opts.backoff) }),
  });
}

function fixed(delay: number): { readonly type: 'fixed'; readonly delay: number } {
  return { type: 'fixed', delay };
}
