import { toError } from '../errors/index.ts';
import type { Facts } from '../facts/index.ts';
import type { StateStore } from '../state/index.ts';
import type { DeadLetters } from './dead-letters.ts';

export interface DeadLetterAlarmOptions {
  readonly letters: Pick<DeadLetters, 'count'>;
  readonly store: StateStore;
  readonly facts: Facts;
  readonly threshold: number;
  /** Called beside the fact; a fact reports its failure, which goes no further. */
  readonly notify?: ((alert: DeadLetterAlert) => Promise<void>) | undefined;
}

export interface DeadLetterAlert {
  readonly alert: 'dead-letters';
  readonly count: number;
  readonly threshold: number;
}

const KEPT_MS = 30 * 86_400_000;

/**
 * Says when there are too many dead letters: once when the threshold is crossed, again each time their number has doubled since, and
 * anew after they were below it. What was said is in the shared state, so that several hosts say it once.
 */
export class DeadLetterAlarm {
  readonly #options: DeadLetterAlarmOptions;

  constructor(options: DeadLetterAlarmOptions) {
    this.#options = options;
  }

  async look(): Promise<void> {
    const { letters, store, threshold } = this.#options;
    const entry = await store.get('alert', 'dead-letters');
    const said = levelIn(entry?.value);
    const count = await letters.count();
    const level = count < threshold ? 0 : 1 + Math.floor(Math.log2(count / threshold));
    if (level === said) return;
    const written = await store.compareAndSet('alert', 'dead-letters', entry?.version ?? 0, { level }, KEPT_MS);
    if (written !== undefined && level > said) await this.#say(count);
  }

  async #say(count: number): Promise<void> {
    const { facts, threshold, notify } = this.#options;
    facts.emit('dead-letters.alert', { count, threshold });
    try {
      await notify?.({ alert: 'dead-letters', count, threshold });
    } catch (error) {
      facts.emit('alert.failed', { error: toError(error) });
    }
  }
}

function levelIn(value: unknown): number {
  if (typeof value !== 'object' || value === null || !('level' in value)) return 0;
  return typeof value.level === 'number' ? value.level : 0;
}
