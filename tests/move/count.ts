import { readFileSync } from 'node:fs';
import { SCHEDULED, type RunLine, type Side } from './jobs.ts';

/** What became of the jobs of the trial, by what those who ran them wrote down. */
export class Count {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /** In the order in which they ended. */
  lines(): readonly RunLine[] {
    return readFileSync(this.#file, { encoding: 'utf8', flag: 'a+' })
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line) as RunLine);
  }

  /** How often each of these was run to its end. */
  done(names: readonly string[]): ReadonlyMap<string, number> {
    const counts = new Map(names.map(name => [name, 0]));
    for (const { n = '', end } of this.lines()) {
      const before = counts.get(n);
      if (end === 'done' && before !== undefined) counts.set(n, before + 1);
    }
    return counts;
  }

  /** Of these jobs. */
  failed(names: readonly string[]): readonly RunLine[] {
    return this.lines().filter(({ n = '', end }) => end === 'failed' && names.includes(n));
  }

  by(side: Side, names: readonly string[]): number {
    return this.lines().filter(({ n = '', end, by }) => end === 'done' && by === side && names.includes(n)).length;
  }

  /** Parents of these flows that ran without the result of each of their children, or before one of them. */
  parentsTooEarly(flows: ReadonlyMap<string, readonly string[]>): readonly string[] {
    const done = this.lines().filter(({ end }) => end === 'done');
    return [...flows].flatMap(([parent, children]) => {
      const at = done.findIndex(({ n }) => n === parent);
      const before = new Set(done.slice(0, at).map(({ n }) => n));
      const inOrder = children.every(child => before.has(child));
      const given = done[at]?.children.toSorted().join() === children.toSorted().join();
      return at === -1 || (inOrder && given) ? [] : [parent];
    });
  }

  /** Runs of schedules: a slot is one job, which its id names. */
  slots(): readonly RunLine[] {
    return this.lines().filter(({ name }) => isScheduled(name));
  }
}

function isScheduled(name: string): boolean {
  return SCHEDULED.some(scheduled => scheduled === name);
}
