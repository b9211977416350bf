import type { App } from '../../../contracts/index.ts';
import {
  DeadLetterAlarm,
  DeadLetters,
  type DeadLetterAlarmOptions,
  type DeadLettersOptions,
} from '../../../dead-letters/index.ts';
import type { Engine } from '../../../engine/index.ts';
import type { Facts } from '../../../facts/index.ts';
import type { StateStore } from '../../../state/index.ts';
import type { Timers } from './timers.ts';

export type AlarmOptions = Pick<DeadLetterAlarmOptions, 'threshold' | 'notify'> & Pick<DeadLettersOptions, 'others'>;

const EVERY_MS = 30_000;

/** Looks again and again whether there are too many dead letters, one look at a time. */
export function watchDeadLetters(
  timers: Timers,
  { app, engine, facts }: { readonly app: App; readonly engine: Engine; readonly facts: Facts },
  store: StateStore,
  alarm: AlarmOptions,
): void {
  // What cannot be read now is counted the next time.
  const letters = new DeadLetters({
    engine,
    app,
    facts,
    others: alarm.others,
    onUnread: () => undefined,
    bounded: true,
  });
  const watch = new DeadLetterAlarm({ letters, store, facts, ...alarm });
  let looking = false;
  timers.every(EVERY_MS, () => {
    if (looking) return;
    looking = true;
    void watch
      .look()
      .catch(() => undefined)
      .finally(() => (looking = false));
  });
}
