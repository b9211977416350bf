import type { PgPool } from 'bullmq';
import { CHANGES_TRIED, type ChangeableJob, type ChangeAnswer, type JobChange } from '../../../turns/index.ts';
import { CHANGE, READ_CHANGEABLE } from './sql/change-sql.ts';
import { writeOptions } from './entries.ts';
import { refusalOf, runStatement } from './statement.ts';

interface ChangedRow {
  readonly answer: ChangeAnswer | 'again';
}

/** Reads, decides, and writes in one statement what was decided, unless somebody else was there in between: then once more. */
export async function changeJob(
  pool: PgPool,
  queue: string,
  jobId: string,
  now: number,
  decide: (job: ChangeableJob) => JobChange,
): Promise<ChangeAnswer> {
  for (let tries = 0; tries < CHANGES_TRIED; tries += 1) {
    const [row] = await runStatement<ChangeableRow>(pool, READ_CHANGEABLE, [queue, jobId]);
    if (row === undefined) return 'missing';
    const { data = null, opts, priority = null, dueAt } = decide(changeableJob(row));
    const due = dueAt === undefined ? null : Math.ceil(dueAt);
    try {
      const values = [queue, jobId, now, row.opts, writeOptions(opts), data, priority, due];
      const [answered] = await runStatement<ChangedRow>(pool, CHANGE, values);
      if (answered === undefined) return 'missing';
      if (answered.answer !== 'again') return answered.answer;
    } catch (cause) {
      if (refusalOf(cause) === undefined) throw cause;
      return 'refused';
    }
  }
  return 'busy';
}

interface ChangeableRow {
  readonly name: string;
  readonly data: string;
  readonly opts: string;
  readonly added_at_ms: string;
  readonly progress: string | null;
}

function changeableJob({ name, data, opts, added_at_ms, progress }: ChangeableRow): ChangeableJob {
  const options: unknown = JSON.parse(opts);
  return {
    name,
    data: JSON.parse(data) as unknown,
    opts: typeof options === 'object' && options !== null ? options : {},
    timestamp: Number(added_at_ms),
    progress: progress === null ? 0 : (JSON.parse(progress) as unknown),
  };
}
