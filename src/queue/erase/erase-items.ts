import { setTimeout as sleep } from 'node:timers/promises';
import { decodePayload, itemsIn, type AnyJobContract, type ChunkPolicy } from '../../contracts/index.ts';
import { UNFINISHED_STATES, type Engine, type EngineJob, type EngineQueue } from '../../engine/index.ts';
import { openState, type StateStore } from '../../state/index.ts';
import { tagsOf, type JobTag } from '../find/job-tags.ts';
import { walkUnfinished } from '../find/walk-unfinished.ts';
import { shownJobId } from '../ids/job-id.ts';
import { readMeta, writeMeta } from '../meta/job-meta.ts';
import { decryptedData } from '../prepare/stored-json.ts';
import { exclusively } from '../replay/exclusively.ts';
import { readStoredJob } from '../views/read-stored-job.ts';
import { UndecodableJobError } from '../views/undecodable-job-error.ts';
import type { CheckedErase } from './check-erase.ts';
import { MOST_PASSES, removed, type AddErased } from './erase-jobs.ts';

const AT_ONCE = 10;
/** Ids of chunks that have ended, of which a queue may keep any number. */
const A_PAGE = 500;
const LOOK_EVERY_MS = 200;

/** Chunks of one queue. */
interface Chunks {
  readonly engine: Engine;
  readonly state: StateStore;
  readonly queue: EngineQueue;
  readonly contracts: ReadonlyMap<string, AnyJobContract>;
  readonly asked: CheckedErase;
  readonly add: AddErased;
  /** How many of the ids that were met last are gone: those behind them stand nearer by as many. */
  removed: number;
}

/** What stays of a chunk of which some items are theirs. */
interface Kept {
  readonly data: string;
  readonly items: number;
  readonly erased: number;
}

/**
 * Takes the items that carry all of the tags out of the chunks of these contracts, in every state: the items of others go on. A chunk that runs is waited
 * for, since it is others' as well. Answers the ids of those that still ran when the time was over.
 */
export async function eraseItems(
  engine: Engine,
  jobs: Iterable<AnyJobContract>,
  asked: CheckedErase,
  add: AddErased,
): Promise<readonly string[]> {
  const byQueue = Map.groupBy(
    Array.from(jobs).filter(({ chunk }) => chunk?.tags !== undefined),
    ({ queue }) => queue,
  );
  const state = await openState(engine);
  const left: string[] = [];
  for (const [name, contracts] of byQueue) {
    const queue = await engine.existingQueue(name);
    if (queue === undefined) continue;
    const byName = new Map(contracts.map(contract => [contract.name, contract]));
    left.push(...(await eraseIn({ engine, state, queue, contracts: byName, asked, add, removed: 0 })));
  }
  return left;
}

async function eraseIn(on: Chunks): Promise<readonly string[]> {
  const { queue, asked } = on;
  const left = new Set<string>();
  for (let pass = 0; pass < MOST_PASSES; pass += 1) {
    let found = 0;
    left.clear();
    for await (const ids of chunksOf(on)) {
      for (let at = 0; at < ids.length; at += AT_ONCE) {
        const part = ids.slice(at, at + AT_ONCE);
        const answers = await Promise.all(part.map(id => eraseFrom(on, id)));
        for (const [index, answer] of answers.entries()) {
          if (answer !== 'none') found += 1;
          if (answer === 'left') left.add(shownJobId({ queue: queue.name, id: part[index] ?? '' }));
        }
        asked.signal?.throwIfAborted();
      }
    }
    // What a chunk was divided into meanwhile may stand where the walk had been.
    if (found === left.size) break;
  }
  return [...left];
}

/** Ids of jobs that may be such chunks, wherever they are. */
async function* chunksOf(on: Chunks): AsyncGenerator<readonly string[]> {
  const { engine, queue, contracts } = on;
  for await (const { jobs } of walkUnfinished(engine, [queue.name], UNFINISHED_STATES))
    yield jobs.flatMap(({ id, name }) => (contracts.has(name) ? [id] : []));
  for (const ended of ['completed', 'failed'] as const) {
    // The newest first: what ends meanwhile makes the walk meet some twice, and passes over none.
    for (let from = 0, more = true; more;) {
      const ids = await queue.getRanges([ended], from, from + A_PAGE - 1, false);
      on.removed = 0;
      if (ids.length > 0) yield ids;
      more = ids.length === A_PAGE;
      from += ids.length - on.removed;
    }
  }
}

/** `none`: it has no item of theirs. */
async function eraseFrom(on: Chunks, id: string): Promise<'none' | 'erased' | 'left'> {
  const { engine, queue, asked, add } = on;
  const until = performance.now() + asked.timeoutMs;
  for (;;) {
    const job = await readable(queue, id);
    const kept = job && keptOf(on, job);
    if (job === undefined || kept === undefined) return 'none';
    if (await rewritten(on, id, kept)) {
      add({ items: kept.erased });
      return 'erased';
    }
    // It runs, or somebody else acts on it.
    if (performance.now() >= until) return 'left';
    await sleep(engine.kind === 'memory' ? 1 : LOOK_EVERY_MS);
  }
}

/** Undefined for what is no job: nobody can say whose that is. */
async function readable(queue: EngineQueue, id: string): Promise<EngineJob | undefined> {
  try {
    return await readStoredJob(queue, id);
  } catch (error) {
    if (error instanceof UndecodableJobError) return undefined;
    throw error;
  }
}

/** Undefined where no item of it is theirs. */
function keptOf(
  { engine, contracts, asked }: Chunks,
  { name, data, opts }: Pick<EngineJob, 'name' | 'data' | 'opts'>,
): Kept | undefined {
  const contract = contracts.get(name);
  const { chunk } = contract ?? {};
  if (contract === undefined || chunk === undefined) return undefined;
  const meta = readMeta(opts.telemetry?.metadata);
  const plain = decryptedData(engine.cipher, contract, meta, data);
  const stored = itemsIn(data);
  // Without the key an item is what stands in it all the same: fields that say whose it is may not be encrypted.
  const items = plain.kind === 'data' ? itemsIn(plain.data) : stored;
  const left = stored.filter((_, index) => !isTheirs(contract, chunk, meta.version, items[index], asked.tags));
  if (left.length === stored.length) return undefined;
  return { data: JSON.stringify({ items: left }), items: left.length, erased: stored.length - left.length };
}

function isTheirs(
  { name }: AnyJobContract,
  { item, tags }: ChunkPolicy,
  version: number,
  data: unknown,
  asked: readonly JobTag[],
): boolean {
  const decoded = decodePayload(item, version, data);
  try {
    // What no version of the contract can read may say whose it is, too.
    const its = tagsOf({ name, tags }, decoded.kind === 'data' ? decoded.data : data) ?? [];
    return asked.every(tag => its.some(each => each.name === tag.name && each.value === tag.value));
  } catch {
    return false;
  }
}

/** False where it is not to be had now. */
async function rewritten(on: Chunks, id: string, kept: Kept): Promise<boolean> {
  const { queue, state } = on;
  const place = shownJobId({ queue: queue.name, id });
  const now = await queue.getJobState(id);
  if (now === 'unknown') return true;
  if (now === 'active') return false;
  if (now !== 'completed' && now !== 'failed') return rewrittenWaiting(on, id, kept);
  // Nobody replays or discards it meanwhile.
  const answer = await exclusively(state, place, async () => {
    if ((await queue.getJobState(id)) !== now) return false;
    if (kept.items === 0) return isRemoved(on, id);
    await (await readStoredJob(queue, id))?.updateData(JSON.parse(kept.data));
    return true;
  });
  return answer === true;
}

/** Of a chunk that waits: in one step, so that nobody runs it with what is taken out. */
async function rewrittenWaiting(on: Chunks, id: string, { items }: Kept): Promise<boolean> {
  const { engine, queue } = on;
  if (items === 0) return isRemoved(on, id);
  const turns = await engine.turns(queue.name);
  const answer = await turns.change(id, engine.clock.now(), ({ name, data, opts }) => {
    const left = keptOf(on, { name, data, opts });
    if (left === undefined) return { opts };
    const { telemetry } = opts;
    const meta = readMeta(telemetry?.metadata);
    const metadata = meta.items === undefined ? telemetry?.metadata : writeMeta({ ...meta, items: left.items });
    return {
      opts: metadata === undefined ? opts : { ...opts, telemetry: { ...telemetry, metadata } },
      data: left.data,
    };
  });
  return answer === 'changed' || answer === 'missing';
}

async function isRemoved(on: Chunks, id: string): Promise<boolean> {
  if ((await removed(on.queue, id)) === 0) return false;
  on.removed += 1;
  return true;
}
