import cronstrue from 'cronstrue';
import { age } from '../../src/time/index.ts';
import type { ScheduleView } from '../../src/runtime/index.ts';

/** When a schedule is due, for people who read no cron: `At 09:00, Monday through Friday`. */
export function inWords(when: ScheduleView['when']): string {
  if (when.kind === 'every') return `Every ${age(when.everyMs).replace(/ 0 (s|min|h)$/, '')}`;
  try {
    return cronstrue.toString(when.cron.trim(), { use24HourTimeFormat: true });
  } catch {
    // Workers read it: the library knows a form less.
    return 'As the cron says';
  }
}
