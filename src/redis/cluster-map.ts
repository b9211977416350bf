import { Redis } from 'ioredis';
import type { ClusterAddress, RedisHost } from '../config/index.ts';
import { ClusterError } from './cluster-error.ts';
import { credentialsOf } from './credentials.ts';

const ANSWERS_MS = 1_000;

/** Who holds which slots, as one node of a cluster says it. */
export interface SlotRange {
  readonly from: number;
  readonly to: number;
  readonly master: RedisHost;
}

/** The masters that were heard of, by address: those that it names may all be gone by now. */
const heardOf = new Map<string, readonly RedisHost[]>();

/** The master that holds a slot now. Rejects when no node answers, or nobody holds it. */
export async function masterOf(address: ClusterAddress, slot: number): Promise<RedisHost> {
  const ranges = await readSlots(address);
  const found = ranges.find(({ from, to }) => from <= slot && slot <= to);
  if (found === undefined) throw new ClusterError('SLOT_UNSERVED');
  return found.master;
}

/** Asks one node after the other. */
export async function readSlots(address: ClusterAddress): Promise<readonly SlotRange[]> {
  let cause: unknown;
  for (const node of [...(heardOf.get(address.href) ?? []), ...address.nodes]) {
    try {
      const ranges = await askNode(address, node);
      heardOf.set(
        address.href,
        ranges.map(({ master }) => master),
      );
      return ranges;
    } catch (error) {
      cause = error;
    }
  }
  throw cause;
}

async function askNode(address: ClusterAddress, node: RedisHost): Promise<readonly SlotRange[]> {
  const redis = new Redis({
    ...credentialsOf(address),
    ...node,
    lazyConnect: true,
    protocol: 2,
    retryStrategy: null,
    enableReadyCheck: false,
    connectTimeout: ANSWERS_MS,
    commandTimeout: ANSWERS_MS,
    disconnectTimeout: 200,
  });
  let failure: Error | undefined;
  redis.on('error', (error: Error) => (failure = error));
  try {
    await redis.connect();
    return rangesIn(await redis.cluster('SLOTS'), node);
  } catch (error) {
    throw failure ?? error;
  } finally {
    redis.disconnect();
  }
}

/** `[[from, to, [host, port, id, ...], ...], ...]`. A node that does not know its own name says none: it is the one that was asked. */
function rangesIn(reply: unknown, asked: RedisHost): readonly SlotRange[] {
  return (Array.isArray(reply) ? reply : []).flatMap((range: unknown) => {
    const [from, to, master]: readonly unknown[] = Array.isArray(range) ? range : [];
    const [host, port]: readonly unknown[] = Array.isArray(master) ? master : [];
    if (typeof from !== 'number' || typeof to !== 'number' || typeof port !== 'number') return [];
    return [{ from, to, master: { host: typeof host === 'string' && host !== '' ? host : asked.host, port } }];
  });
}

/** How many slots somebody holds, by what a node says. */
export function slotsServed(ranges: readonly SlotRange[]): number {
  return ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0);
}
