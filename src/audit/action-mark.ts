import { partOfJob, type JournalStore, type Mark } from '../journal/index.ts';
import { placeOf } from '../queue/index.ts';
import type { AuditedAction } from './audited-action.ts';

export interface MarkActionsOptions {
  readonly journal: () => Promise<JournalStore>;
  /** Engine time. */
  readonly now: () => number;
}

/** What people did, beside deploys and crashes: charts show it, and the stories of jobs of that queue. Undefined for what nobody did. */
export function actionMark({ user, outcome, detail }: AuditedAction, at: number): Mark | undefined {
  if (outcome !== 'done' || user === undefined || detail === undefined) return undefined;
  const { what, on = '', matched, done = matched } = detail;
  const many = matched === undefined || matched === 1 ? '' : `, ${done} of ${matched}`;
  const text = `${user}: ${what}${on === '' ? '' : ` (${on})`}${many}`;
  const job = placeOf(on);
  const queue = job?.queue ?? /(?:^|, )queue ([^\s,]+)/.exec(on)?.[1];
  return { kind: 'action', at: Math.floor(at), text, queue, part: job && partOfJob(job.id), by: user };
}

/** Marks in the journal what people did. Resolves, also where that cannot be written: it is left out. */
export function markActions({ journal, now }: MarkActionsOptions): (action: AuditedAction) => Promise<void> {
  return async action => {
    const mark = actionMark(action, now());
    if (mark === undefined) return;
    const nothing = { frames: [], counts: [], depths: [] };
    await journal()
      .then(store => store.append({ ...nothing, now: mark.at, writer: 'audit', marks: [mark] }))
      .catch(() => undefined);
  };
}
