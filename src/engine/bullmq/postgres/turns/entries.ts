import { optionsOf, type NewJob } from '../../../turns/index.ts';

/**
 * A job as `shiftwork_add` reads it, as JSON; the options are stored as BullMQ's PostgreSQL backend stores them, with their long names. The
 * data is JSON already and stands in it as it is.
 */
export function writeEntry(job: NewJob): string {
  const { id, name, data, timestamp, before, instead } = job;
  const opts = optionsOf(job);
  const { delay = 0, priority = 0, lifo = false, attempts, deduplication, parent, repeatJobKey } = opts;
  const head = JSON.stringify({
    id,
    name,
    opts: storedOptions(opts),
    priority,
    delay,
    timestamp,
    attempts: attempts ?? 0,
    lifo,
    ...(deduplication !== undefined && { dedupId: deduplication.id }),
    ...(before !== undefined && { before }),
    ...(instead !== undefined && { instead }),
    ...(repeatJobKey !== undefined && { schedulerId: repeatJobKey }),
    ...(parent !== undefined && {
      parentId: parent.id,
      parentQueue: parent.queue,
      parentKey: `${parent.queue}:${parent.id}`,
    }),
  });
  return `${head.slice(0, -1)},"data":${data}}`;
}

/** As JSON. */
export function writeOptions(opts: NewJob['opts']): string {
  return JSON.stringify(storedOptions(opts));
}

function storedOptions(opts: NewJob['opts']): object {
  return {
    ...opts,
    attempts: opts.attempts ?? 0,
    ...(typeof opts.backoff === 'number' && { backoff: fixed(opts.backoff) }),
  };
}

function fixed(delay: number): { readonly type: 'fixed'; readonly delay: number } {
  return { type: 'fixed', delay };
}
