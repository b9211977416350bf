import { Redis } from 'ioredis';
import { ADD_SCRIPT, TURN_SCRIPT } from '../../src/engine/bullmq/redis/turns/index.ts';
import { branchesOf, counting, takeCounts } from './branches.ts';
import { OurTwin } from './our-twin.ts';
import type { Pair } from './run-history.ts';
import { StockTwin } from './stock-twin.ts';

export interface OpenPair extends Pair {
  /** Which branches of our scripts were reached, and how often. */
  reached(): Promise<ReadonlyMap<string, number>>;
  close(): Promise<void>;
}

export interface Scripts {
  readonly turn: string;
  readonly add: string;
}

/** Two databases of one server. */
export async function openPair(url: string, scripts?: Scripts): Promise<OpenPair> {
  const [stockRedis, ourRedis] = [0, 1].map(db => new Redis(url, { db, maxRetriesPerRequest: null, protocol: 2 }));
  if (stockRedis === undefined || ourRedis === undefined) throw new Error('no connections');
  const counted = { turn: counting(TURN_SCRIPT, 'turn'), add: counting(ADD_SCRIPT, 'add') };
  const stock = new StockTwin(stockRedis);
  const ours = new OurTwin(ourRedis, scripts ?? counted);
  const counts = new Map<string, number>();
  for (const [name, script] of [
    ['turn', TURN_SCRIPT],
    ['add', ADD_SCRIPT],
  ] as const) {
    for (const branch of branchesOf(script)) counts.set(`${name} ${branch}`, 0);
  }
  return {
    stock,
    ours,
    stockRedis,
    ourRedis,
    takeCounts: () => takeCounts(ourRedis, counts),
    async reached() {
      await takeCounts(ourRedis, counts);
      return counts;
    },
    async close() {
      await Promise.allSettled([stock.close(), ours.close()]);
      stockRedis.disconnect();
      ourRedis.disconnect();
    },
  };
}
