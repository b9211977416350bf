import type { JournalStore } from '../../src/journal/index.ts';
import { parseJobId } from '../../src/queue/index.ts';
import type { DashboardAction } from './record-actions.ts';

export interface MarkActionsOptions {
  readonly journal: () => Promise<JournalStore>;
  /** Engine time. */
  readonly now: () => number;
}

/** Marks in the journal what people did, beside deploys and crashes: charts show it, and the stories of jobs of that queue. What cannot be written is left out. */
export function markActions({ journal, now }: MarkActionsOptions): (action: DashboardAction) => void {
  return ({ user, outcome, detail }) => {
    if (outcome !== 'done' || user === undefined || detail === undefined) return;
    const at = Math.floor(now());
    const { what, on = '', matched, done = matched } = detail;
    const many = matched === undefined || matched === 1 ? '' : `, ${done} of ${matched}`;
    const text = `${user}: ${what}${on === '' ? '' : ` (${on})`}${many}`;
    const queue = parseJobId(on)?.queue ?? /(?:^|, )queue ([^\s,]+)/.exec(on)?.[1];
    const mark = { kind: 'action', at, text, queue, by: user } as const;
    const nothing = { frames: [], counts: [], depths: [] };
    void journal()
      .then(store => store.append({ ...nothing, now: at, writer: 'dashboard', marks: [mark] }))
      .catch(() => undefined);
  };
}
