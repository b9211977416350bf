import type { Client } from 'pg';
import { seededRandom } from '../../faults/random.ts';
import { answersDiffer } from '../compare.ts';
import { History } from '../history.ts';
import { dump, dumpsDiffer } from './dump.ts';
import type { OurTwin } from './our-twin.ts';
import type { StockTwin } from './stock-twin.ts';

export interface Pair {
  readonly stock: StockTwin;
  readonly ours: OurTwin;
  readonly stockClient: Client;
  readonly ourClient: Client;
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
  await pair.stock.start(history.settings);
  await pair.ours.start(history.settings);
  for (let nth = 1; nth <= steps; nth += 1) {
    const step = history.next();
    const ours = await pair.ours.apply(step);
    const theirs = await pair.stock.apply(step);
    const where = `seed ${seed}, step ${nth} (${JSON.stringify(step).slice(0, 4_000)})`;
    const shown = (answer: unknown): unknown => (history.settings.losesAnswers ? withoutRest(answer) : answer);
    const answers = step.what === 'stock' ? undefined : answersDiffer(shown(theirs), shown(ours));
    if (answers !== undefined) return `${where}: ${answers}`;
    if (step.what === 'turn')
      history.took((theirs as { readonly jobs: readonly { id: string; token: string }[] }).jobs);
    if (nth % COMPARE_EVERY !== 0 && nth !== steps) continue;
    const { now } = history.known;
    const [one, other] = await Promise.all([dump(pair.stockClient, now), dump(pair.ourClient, now)]);
    const state = dumpsDiffer(one, other);
    if (state !== undefined) return `${where}: ${state}`;
  }
  return undefined;
}

/** A turn that is sent again does not know any more why there were no more jobs. */
function withoutRest(answer: unknown): unknown {
  return typeof answer === 'object' && answer !== null && 'rest' in answer ? { ...answer, rest: undefined } : answer;
}
