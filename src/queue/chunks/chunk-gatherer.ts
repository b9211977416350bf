import type { AnyJobContract, ChunkPolicy } from '../../contracts/index.ts';
import type { JobReceipt } from '../store/job-receipt.ts';
import { CHUNK_BYTES, chunkJson, type CheckedItem } from './chunk-item.ts';
import { ChunkCause, type ItemCause } from './chunk-meta.ts';
import { ChunksFullError } from './chunks-full-error.ts';

/** Items that leave as one job. */
export interface GatheredChunk {
  readonly contract: AnyJobContract;
  readonly json: string;
  readonly items: number;
  readonly priority: number;
  readonly delayMs: number;
  readonly cause: ChunkCause;
}

/** An item that has passed every check. Its `group` holds all that it must have in common with those that it travels with. */
export interface ReadyItem extends CheckedItem {
  readonly contract: AnyJobContract;
  readonly chunk: ChunkPolicy;
  readonly priority: number;
  readonly delayMs: number;
  readonly cause: ItemCause;
}

/** Who waits for items, one or many: `nth` is what they were given with. */
export interface Asker {
  stored(nth: number, receipt: JobReceipt): void;
  failed(error: unknown): void;
}

export interface ChunkGathererOptions {
  /** Stores one chunk. Rejects where the engine has not acknowledged it. */
  readonly send: (chunk: GatheredChunk) => Promise<JobReceipt>;
  /** Bytes of items that are not acknowledged yet, at most. */
  readonly mostBytes?: number;
}

/** Above that the process would rather keep items than send them: at 300 bytes each, 100,000 of them. */
const MOST_BYTES = 32 * 1024 * 1024;
/** What an item costs beside its text: its promise and its place in a list. */
const ITEM_BYTES = 200;

interface OpenChunk {
  readonly contract: AnyJobContract;
  readonly items: ReadyItem[];
  /** At the same places: an object for each item would be a twentieth of what a producer spends on it. */
  readonly askers: Asker[];
  readonly nths: number[];
  readonly cause: ChunkCause;
  readonly leave: () => void;
  bytes: number;
  stop: () => void;
}

/**
 * Gathers items of many calls into chunks. A chunk leaves when it is full, or when its first item has waited for as long as the contract says;
 * whoever gave an item is told when the engine has acknowledged its chunk.
 */
export class ChunkGatherer {
  readonly #send: ChunkGathererOptions['send'];
  readonly #mostBytes: number;
  /** By contract, of which there are few, and by group. */
  readonly #open = new Map<AnyJobContract, Map<string, OpenChunk>>();
  readonly #underWay = new Set<Promise<void>>();
  readonly #forRoom: (() => void)[] = [];
  /** Of all items that are not acknowledged yet. */
  #bytes = 0;
  #drains = false;

  constructor({ send, mostBytes = MOST_BYTES }: ChunkGathererOptions) {
    this.#send = send;
    this.#mostBytes = mostBytes;
  }

  /** @throws ChunksFullError where so many wait already that this one has no room: it was not taken */
  add(item: ReadyItem, asker: Asker, nth = 0): void {
    const { contract, chunk, bytes } = item;
    if (!this.hasRoom) throw new ChunksFullError(contract.name, this.#mostBytes);
    this.#bytes += bytes + ITEM_BYTES;
    let groups = this.#open.get(contract);
    if (groups === undefined) this.#open.set(contract, (groups = new Map()));
    const { group } = item;
    let open = groups.get(group);
    // The comma between two items is a byte, too.
    if (open !== undefined && open.bytes + bytes + 1 > chunk.fullBytes) {
      open.leave();
      open = undefined;
    }
    if (open === undefined) {
      open = this.#begin(item, groups, group);
    } else {
      open.items.push(item);
      open.cause.add(item.cause);
      open.bytes += bytes + 1;
    }
    open.askers.push(asker);
    open.nths.push(nth);
    if (open.items.length >= chunk.maxItems || open.bytes >= chunk.fullBytes) open.leave();
  }

  get hasRoom(): boolean {
    return this.#bytes < this.#mostBytes;
  }

  /** Resolves when half of what may wait has been acknowledged, or there is room now. */
  async room(): Promise<void> {
    if (!this.hasRoom) await new Promise<void>(resolve => this.#forRoom.push(resolve));
  }

  /** Sends what was gathered so far, full or not. Resolves when the engine has answered for all that is under way. */
  async flush(): Promise<void> {
    for (const groups of this.#open.values()) for (const open of groups.values()) open.leave();
    await Promise.all(this.#underWay);
  }

  /** As `flush`; what `enqueueMany` still has in hand leaves as soon as it is gathered. */
  drain(): Promise<void> {
    this.#drains = true;
    return this.flush();
  }

  #begin(first: ReadyItem, groups: Map<string, OpenChunk>, group: string): OpenChunk {
    const { contract, chunk, bytes, cause } = first;
    const leave = (): void => {
      open.stop();
      groups.delete(group);
      const sending = this.#leave(open).finally(() => this.#underWay.delete(sending));
      this.#underWay.add(sending);
    };
    const open: OpenChunk = {
      contract,
      items: [first],
      askers: [],
      nths: [],
      cause: new ChunkCause(cause),
      leave,
      bytes: CHUNK_BYTES + bytes,
      stop: afterWait(this.#drains ? 0 : chunk.maxWaitMs, leave),
    };
    groups.set(group, open);
    return open;
  }

  /** Never rejects. */
  async #leave({ contract, items, askers, nths, cause }: OpenChunk): Promise<void> {
    const [first] = items;
    if (first === undefined) return;
    const { priority, delayMs } = first;
    const json = chunkJson(items.map(item => item.json));
    try {
      const receipt = await this.#send({ contract, json, items: items.length, priority, delayMs, cause });
      for (const [index, asker] of askers.entries()) asker.stored(nths[index] ?? 0, { ...receipt, item: index });
    } catch (error) {
      for (const asker of askers) asker.failed(error);
    }
    for (const { bytes } of items) this.#bytes -= bytes + ITEM_BYTES;
    if (this.#bytes <= this.#mostBytes / 2) for (const resolve of this.#forRoom.splice(0)) resolve();
  }
}

/** The timer keeps the process alive: an item that nobody sends would be lost with it. */
function afterWait(ms: number, call: () => void): () => void {
  if (ms > 0) {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  }
  const soon = setImmediate(call);
  return () => clearImmediate(soon);
}
