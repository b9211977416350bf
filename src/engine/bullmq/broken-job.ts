import type { JobJson } from 'bullmq';
import type { EngineJob } from '../engine.ts';

/** Which jobs could not be read as stored, and what was wrong. Keyed by the object: nothing to clean up. */
const complaints = new WeakMap<EngineJob, string>();

/**
 * What is wrong with a job that could not be read as the queue holds it; undefined for a sound one.
 * Such a job carries `{}` as its data. The text never quotes what is stored.
 */
export function isBrokenJson(job: EngineJob): string | undefined {
  return complaints.get(job);
}

/** How a repaired job says what was repaired: see redis/resilient-backend.ts. */
export const UNREADABLE = 'Shiftwork cannot read this job: ';

/**
 * Builds a job from what is stored, whatever is stored. BullMQ alone throws here, before the processor is called, and the job
 * then stalls for ever: `maxStalledCount` never ends it (tried).
 */
export function readJob(build: (json: JobJson) => EngineJob, json: JobJson): EngineJob {
  const early = damageOf(json);
  if (early !== undefined) return marked(build(mended(json)), early);
  try {
    return build(json);
  } catch (cause) {
    return marked(build({ ...json, data: '{}' }), complaintOf(cause, json.data));
  }
}

function damageOf(json: JobJson): string | undefined {
  if (json.deferredFailure?.startsWith(UNREADABLE)) return json.deferredFailure.slice(UNREADABLE.length);
  // The types promise both; a hash that another program has written, or half removed, keeps no promise.
  if (typeof json.name !== 'string') return 'the stored job has no name';
  if (!Number.isFinite(json.timestamp)) return 'the stored job has no timestamp';
  return undefined;
}

function mended(json: JobJson): JobJson {
  const { deferredFailure: _, ...rest } = json;
  return {
    ...rest,
    name: typeof json.name === 'string' ? json.name : '',
    timestamp: Number.isFinite(json.timestamp) ? json.timestamp : Date.now(),
    data: '{}',
  };
}

function marked(job: EngineJob, complaint: string): EngineJob {
  complaints.set(job, complaint);
  return job;
}

/** The parser's message quotes what it read: only the place is taken from it. */
function complaintOf(cause: unknown, text: string): string {
  const position = cause instanceof Error ? /at position (\d+)/.exec(cause.message)?.[1] : undefined;
  const where = position === undefined ? '' : `, reading failed at position ${position}`;
  return `the stored data is not JSON (${text.length} characters${where})`;
}
