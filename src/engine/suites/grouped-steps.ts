import { groupsOf } from '../turns/index.ts';
import type { End, EndKind, NewJob, TakenJob, TurnAnswer, TurnQueue } from '../turns/index.ts';

const LOCK_MS = 3_600_000;
export const DONE: EndKind = { what: 'succeeded', result: 'true', keep: {} };

/** What tests of groups do with a queue, at a time that they give. */
export class GroupedSteps {
  readonly queue: TurnQueue;
  now = 1_900_000_000_000;
  #turns = 0;

  constructor(queue: TurnQueue) {
    this.queue = queue;
  }

  job(id: string, groups: readonly string[], opts: NewJob['opts'] = {}): NewJob {
    const all = { attempts: 3, priority: 20, ...(groups.length > 0 && { groups }), ...opts };
    return { id, name: 'call', data: '{}', opts: all, timestamp: this.now };
  }

  add(group: string, ids: readonly string[], opts: NewJob['opts'] = {}): Promise<unknown> {
    return this.queue.add(ids.map(id => this.job(id, [group], opts)));
  }

  turn(wanted: number, ends: readonly End[] = []): Promise<TurnAnswer> {
    const id = `turn-${(this.#turns += 1)}`;
    const tokens = Array.from({ length: wanted }, (_, nth) => `${id}-${nth}`);
    const take = wanted === 0 ? undefined : { tokens, worker: 'tester', lockMs: LOCK_MS, maxBytes: 1_000_000 };
    return this.queue.turn({ id, now: this.now, ends, take });
  }

  /** Everything that may start now, however many looks it takes. */
  async take(wanted: number, ends: readonly End[] = []): Promise<readonly TakenJob[]> {
    const taken: TakenJob[] = [];
    let answer = await this.turn(wanted, ends);
    for (;;) {
      taken.push(...answer.jobs);
      if (answer.rest?.kind !== 'more' || taken.length >= wanted) return taken;
      answer = await this.turn(wanted - taken.length);
    }
  }

  /** The one job that may start now. */
  async one(ends: readonly End[] = []): Promise<TakenJob> {
    const taken = await this.take(9, ends);
    const [job] = taken;
    if (job === undefined || taken.length > 1) throw new Error(`Expected one job, found [${idsOf(taken).join(', ')}].`);
    return job;
  }
}

export function endOf({ id, token, opts }: TakenJob, end: EndKind = DONE): End {
  return { jobId: id, token, end, groups: groupsOf(opts) };
}

export function idsOf(taken: readonly TakenJob[]): readonly string[] {
  return taken.map(({ id }) => id);
}
