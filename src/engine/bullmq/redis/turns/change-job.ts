import type { RedisClient } from '../../../../redis/index.ts';
import { CHANGES_TRIED, type ChangeableJob, type ChangeAnswer, type JobChange } from '../../../turns/index.ts';
import { readOptions, writeOptions } from './options.ts';
import type { Script } from './script.ts';
import { CHANGE_KEYS } from './scripts/change-script.ts';

export interface JobChangeOn {
  readonly redis: RedisClient;
  readonly script: Script;
  /** Of the queue's keys. */
  readonly prefix: string;
  readonly jobId: string;
  readonly now: number;
  readonly decide: (job: ChangeableJob) => JobChange;
}

const ANSWERS: readonly ChangeAnswer[] = ['changed', 'runs', 'ended', 'waits-for-children'];

/** Reads, decides, and writes in one script what was decided, unless somebody else was there in between: then once more. */
export async function changeJob({ redis, script, prefix, jobId, now, decide }: JobChangeOn): Promise<ChangeAnswer> {
  const key = prefix + jobId;
  const keys = [...CHANGE_KEYS.map(name => prefix + name), key];
  for (let tries = 0; tries < CHANGES_TRIED; tries += 1) {
    const fields = await redis.hmget(key, ...CHANGEABLE);
    const job = changeableJob(fields, now);
    if (job === undefined) return 'missing';
    const { data, opts, priority, dueAt } = decide(job);
    const due = dueAt === undefined ? '' : Math.ceil(dueAt);
    const args = [
      prefix,
      jobId,
      now,
      fields[0] ?? '',
      writeOptions(opts),
      data ?? '',
      priority ?? '',
      due,
      opts.tg ?? '',
    ];
    const answer: unknown = await script.run(keys, args);
    if (answer !== 'again') return ANSWERS.find(each => each === answer) ?? 'missing';
  }
  return 'busy';
}

/** Fields of a job that may be changed, in this order. */
const CHANGEABLE = ['opts', 'name', 'data', 'timestamp', 'progress'] as const;

/** Undefined where there is none, or what is stored can be read by nobody. */
function changeableJob(fields: readonly (string | null)[], now: number): ChangeableJob | undefined {
  const [opts, name, data, timestamp, progress] = fields;
  if (name === null || name === undefined) return undefined;
  const read = <Value>(from: (text: string) => Value, text: string | null | undefined): Value | undefined => {
    try {
      return from(text ?? '');
    } catch {
      return undefined;
    }
  };
  const json = (text: string): unknown => JSON.parse(text);
  const options = read(readOptions, opts);
  if (options === undefined) return undefined;
  const added = Number(timestamp ?? Number.NaN);
  return {
    name,
    data: read(json, data),
    opts: options,
    timestamp: Number.isFinite(added) ? added : now,
    progress: read(json, progress) ?? 0,
  };
}
