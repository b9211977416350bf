import type { Redis } from 'ioredis';
import { seededRandom } from '../faults/random.ts';
import { answersDiffer, difference } from './compare.ts';
import { dump } from './dump.ts';
import { History } from './history.ts';
import type { OurTwin } from './our-twin.ts';
import type { StockTwin } from './stock-twin.ts';
import type { Step } from './step.ts';

export interface Pair {
  readonly stock: StockTwin;
  readonly ours: OurTwin;
  readonly stockRedis: Redis;
  readonly ourRedis: Redis;
  /** Takes the counts of branches out of our database. */
  takeCounts(): Promise<void>;
}

const COMPARE_EVERY = 10;

/** Runs one history on both twins. Answers what differed, or undefined. */
export async function runHistory(
  pair: Pair,
  seed: number,
  steps: number,
  crowded = false,
): Promise<string | undefined> {
  const history = new History(seededRandom(seed), crowded);
  await Promise.all([pair.stock.start(history.settings), pair.ours.start(history.settings)]);
  for (let nth = 1; nth <= steps; nth += 1) {
    const step = history.next();
    // The clock of BullMQ's twin is this process's: one after the other.
    const theirs = await inTime(history.known.now, () => pair.stock.apply(step));
    const ours = await inTime(history.known.now, () => pair.ours.apply(step));
    const where = `seed ${seed}, step ${nth} (${describe(step)})`;
    const { losesAnswers } = history.settings;
    const shown = (answer: unknown): unknown => coarse(step, losesAnswers ? withoutRest(answer) : answer, losesAnswers);
    const answers = step.what === 'stock' ? undefined : answersDiffer(shown(theirs), shown(ours));
    if (answers !== undefined) return `${where}: ${answers}`;
    if (step.what === 'turn') history.took(jobsOf(theirs));
    if (nth % COMPARE_EVERY !== 0 && nth !== steps) continue;
    await pair.takeCounts();
    const [one, other] = await Promise.all([
      dump(pair.stockRedis, history.settings.eventsKept),
      dump(pair.ourRedis, history.settings.eventsKept),
    ]);
    const state = difference(one, other);
    if (state !== undefined) return `${where}: ${state}`;
  }
  return undefined;
}

export async function inTime<Value>(now: number, work: () => Promise<Value>): Promise<Value> {
  const real = Date.now;
  Date.now = () => now;
  try {
    return await work();
  } finally {
    Date.now = real;
  }
}

interface TurnSaid {
  readonly settled: readonly string[];
  readonly jobs: readonly { readonly id: string; readonly token: string }[];
}

/**
 * Retention is applied once a turn, after its ends: whether one that nobody holds is still there may differ until then. A job that stands twice where
 * jobs wait is taken twice, and a turn that comes again tells only who holds it by then. Both deliberate.
 */
function coarse(step: Step, answer: unknown, losesAnswers: boolean): unknown {
  if (step.what !== 'turn') return answer;
  const { settled, jobs, ...rest } = answer as TurnSaid;
  const retains = step.turn.ends.some(({ end }) => 'keep' in end);
  const holders = new Map(jobs.map(({ id, token }) => [id, token]));
  return {
    ...rest,
    settled: retains ? settled.map(kind => (kind === 'missing' ? 'lock-lost' : kind)) : settled,
    jobs: losesAnswers ? jobs.filter(({ id, token }) => holders.get(id) === token) : jobs,
  };
}

/** A turn that was answered once says the second time only that more is to be asked anew. */
function withoutRest(answer: unknown): unknown {
  return typeof answer === 'object' && answer !== null && 'rest' in answer ? { ...answer, rest: undefined } : answer;
}

function describe(step: Step): string {
  return JSON.stringify(step).slice(0, 4_000);
}

function jobsOf(theirs: unknown): TurnSaid['jobs'] {
  return (theirs as TurnSaid).jobs;
}
