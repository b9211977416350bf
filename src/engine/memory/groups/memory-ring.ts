import { WEIGHTS, type GroupedOptions, type GroupLimit } from '../../turns/index.ts';
import { ownPriority, turnGroupOf } from './memory-groups.ts';
import type { MemoryJob } from '../memory-job.ts';

const STEP = 1_000;

/** Groups that take turns: each stands at a place that grows with each of its jobs, by less where it has more weight. */
export class MemoryRing {
  readonly #places = new Map<string, number>();
  /** The place that was served last. */
  #round = 0;

  /** The jobs that wait, in the order in which they are looked at: within a priority those that only end, then by the turns of their groups. */
  inTurn(waiting: readonly MemoryJob[], limits: readonly GroupLimit[]): readonly MemoryJob[] {
    const groups = new Map(waiting.map(job => [job, turnGroupOf(job, limits)]));
    const present = new Set(groups.values());
    for (const group of this.#places.keys()) if (!present.has(group)) this.#places.delete(group);
    for (const [job, group] of groups) {
      if (group !== undefined && !this.#places.has(group)) this.#places.set(group, this.#round + stepOf(job));
    }
    const placeOf = (job: MemoryJob): number => {
      const group = groups.get(job);
      return group === undefined ? -1 : (this.#places.get(group) ?? 0);
    };
    return waiting.toSorted((a, b) => ownPriority(a) - ownPriority(b) || placeOf(a) - placeOf(b) || a.seq - b.seq);
  }

  /** A job of its group was taken. */
  served(job: MemoryJob, limits: readonly GroupLimit[]): void {
    const group = turnGroupOf(job, limits);
    if (group === undefined) return;
    this.#round = Math.max(this.#round, this.#places.get(group) ?? 0);
    this.#places.set(group, this.#round + stepOf(job));
  }
}

function stepOf({ opts }: MemoryJob): number {
  const { fair } = JSON.parse(opts) as GroupedOptions;
  return Math.floor(STEP / Math.min(Math.max(fair?.weight ?? 1, WEIGHTS.least), WEIGHTS.most));
}
