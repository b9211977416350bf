import type { AnyJobContract, EnqueueOptions, JobRequest } from '../../contracts/index.ts';
import { currentCause } from '../../tracing/index.ts';
import { delayOf, newJobId, optionsFor, optionsOf, type PrepareContext, type PreparedJob } from '../prepare/prepare.ts';
import { PRIORITY_NUMBERS } from '../prepare/priorities.ts';
import { encryptedIn } from '../prepare/stored-json.ts';
import type { JobReceipt } from '../store/job-receipt.ts';
import { ChunkGatherer, type Asker, type GatheredChunk, type ReadyItem } from './chunk-gatherer.ts';
import { checkItem, encryptedItem } from './chunk-item.ts';
import { itemCause, type ItemCause } from './chunk-meta.ts';

export interface ChunksOptions {
  readonly context: PrepareContext;
  /** Stores a chunk of so many items. Rejects where the engine has not acknowledged it. */
  readonly store: (job: PreparedJob, items: number) => Promise<JobReceipt>;
}

/** What became of many items. */
export interface GatheredMany {
  /** In the order of the items; undefined where there is none. */
  readonly receipts: readonly (JobReceipt | undefined)[];
  /** Why there is not one for each: what the first failed with. */
  readonly error: unknown;
}

/** The items of contracts with `chunk`, on their way into jobs. */
export class Chunks {
  readonly #options: ChunksOptions;
  readonly #gatherer = new ChunkGatherer({ send: chunk => this.#send(chunk) });

  constructor(options: ChunksOptions) {
    this.#options = options;
  }

  /** Resolves when the engine has acknowledged the item's chunk. */
  add(item: ReadyItem): Promise<JobReceipt> {
    return new Promise((stored, failed) =>
      this.#gatherer.add(item, { stored: (_nth, receipt) => stored(receipt), failed }),
    );
  }

  /** In their order; waits itself while too many are not acknowledged. Goes no further where one has failed. Never rejects. */
  async addMany(items: readonly ReadyItem[]): Promise<GatheredMany> {
    const many = new AskedMany(items.length);
    for (const [index, item] of items.entries()) {
      if (!this.#gatherer.hasRoom) await this.#gatherer.room();
      if (many.failure === undefined) this.#gatherer.add(item, many, index);
      else many.leaveOut();
    }
    await many.ended;
    return { receipts: many.receipts, error: many.failure?.error };
  }

  flush(): Promise<void> {
    return this.#gatherer.flush();
  }

  /** As `flush`, and what comes later waits for no company any more. */
  drain(): Promise<void> {
    return this.#gatherer.drain();
  }

  #send({ contract, json, items, priority, delayMs, cause }: GatheredChunk): Promise<JobReceipt> {
    const id = newJobId(this.#options.context, contract);
    const job: PreparedJob = {
      id,
      contract,
      data: undefined,
      json,
      stored: json,
      correlationId: cause.correlationId ?? id,
      traceparent: cause.traceparent,
      delayMs,
      key: undefined,
      before: undefined,
      options: optionsOf(contract, priority, delayMs, { key: undefined }),
      metadata: cause.metadata(contract.version, items, encryptedIn(this.#options.context.cipher, contract)),
    };
    return this.#options.store(job, items);
  }
}

/** Who has given many items at once. */
class AskedMany implements Asker {
  readonly receipts: (JobReceipt | undefined)[];
  failure: { readonly error: unknown } | undefined;
  readonly #ended = Promise.withResolvers<void>();
  #left: number;

  constructor(items: number) {
    this.receipts = Array.from({ length: items }, () => undefined);
    this.#left = items;
    if (items === 0) this.#ended.resolve();
  }

  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  stored(nth: number, receipt: JobReceipt): void {
    this.receipts[nth] = receipt;
    this.leaveOut();
  }

  failed(error: unknown): void {
    this.failure ??= { error };
    this.leaveOut();
  }

  /** One less to wait for. */
  leaveOut(): void {
    this.#left -= 1;
    if (this.#left === 0) this.#ended.resolve();
  }
}

/** Whether its items are gathered. */
export function isGathered({ contract }: Pick<JobRequest, 'contract'>): boolean {
  return contract.chunk !== undefined;
}

/** What every item of one call follows from. */
export function causeOfCall({ traceparent }: PrepareContext): ItemCause {
  return itemCause(traceparent(), currentCause());
}

/**
 * `ofCall`: what all items of the call follow from.
 * @throws InvalidPayloadError, PayloadTooLargeError, PayloadKeyMissingError, InvalidOptionsError, InvalidContractError
 */
export function readyItem(
  context: PrepareContext,
  ofCall: ItemCause,
  contract: AnyJobContract,
  data: unknown,
  options: EnqueueOptions | undefined,
): ReadyItem {
  const { chunk } = contract;
  if (chunk === undefined) throw new TypeError(`Expected "${contract.name}" to have a chunk.`);
  const checked = optionsFor(contract, options);
  const { priority, atMs, correlationId } = checked;
  const delayMs = delayOf(context, contract, checked);
  const { json, bytes, group } = encryptedItem(context.cipher, contract, chunk, checkItem(chunk, data), data);
  const cause = correlationId === undefined ? ofCall : { ...ofCall, correlationId };
  // Nearly all say nothing of their own: a text of five parts for each would be made and hashed for nothing.
  const isUsual = priority === PRIORITY_NUMBERS[contract.priority] && atMs === undefined && delayMs === 0;
  const company = isUsual ? `=${group}` : `${priority} ${atMs ?? `+${delayMs}`} ${group}`;
  return { json, bytes, group: company, contract, chunk, priority, delayMs, cause };
}
