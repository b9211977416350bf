import {
  countEnds,
  ENDED_KEPT_MS,
  OPEN_KEPT_MS,
  type BatchStore,
  type Callback,
  type MemberEnd,
  type MemberState,
  type NewBatch,
  type PendingPage,
  type StoredBatch,
} from '../batches/index.ts';

interface Kept extends Omit<NewBatch, 'callbacks'> {
  callbacks: string;
  readonly members: Map<string, { readonly state: MemberState; readonly at: number } | undefined>;
  readonly called: Set<Callback>;
  endedAt: number | undefined;
  touchedAt: number;
  lookedAt: number;
  until: number;
  isFinished: boolean;
}

/** The batches of a server in memory. A turn brings the ends of members itself: there is one place for all. */
export class MemoryBatchBook {
  readonly #batches = new Map<string, Kept>();

  find(id: string, now: number): Kept | undefined {
    const batch = this.#batches.get(id);
    if (batch === undefined || batch.until > now) return batch;
    this.#batches.delete(id);
    return undefined;
  }

  create({ id, name, callbacks, at }: NewBatch): Kept {
    const known = this.find(id, at);
    if (known !== undefined) return known;
    const times = { endedAt: undefined, touchedAt: at, lookedAt: at, until: at + OPEN_KEPT_MS };
    const made = {
      id,
      name,
      callbacks,
      at,
      members: new Map(),
      called: new Set<Callback>(),
      isFinished: false,
      ...times,
    };
    this.#batches.set(id, made);
    return made;
  }

  bring({ batchId, jobId, state, at }: MemberEnd, now: number): void {
    const batch = this.find(batchId, now);
    if (batch === undefined || !batch.members.has(jobId)) return;
    const before = batch.members.get(jobId);
    if (before !== undefined && before.at >= at) return;
    batch.members.set(jobId, { state, at });
    batch.touchedAt = now;
    if (openIn(batch).length > 0) return;
    batch.endedAt ??= now;
    batch.until = now + ENDED_KEPT_MS;
  }

  all(): readonly Kept[] {
    return [...this.#batches.values()];
  }
}

export interface MemoryBatchesOptions {
  readonly book: MemoryBatchBook;
  readonly now: () => number;
  /** Rejects while the server is away. */
  readonly reach: () => Promise<void>;
}

export class MemoryBatches implements BatchStore {
  readonly turnsBring = true;
  readonly #options: MemoryBatchesOptions;

  constructor(options: MemoryBatchesOptions) {
    this.#options = options;
  }

  async create(batch: NewBatch): Promise<StoredBatch> {
    const { book, reach } = this.#options;
    await reach();
    return standing(book.create(batch));
  }

  async addMembers(id: string, jobIds: readonly string[], now: number): Promise<readonly boolean[] | undefined> {
    const batch = await this.#find(id);
    if (batch === undefined) return undefined;
    if (batch.endedAt !== undefined && jobIds.some(jobId => !batch.members.has(jobId))) return undefined;
    for (const jobId of jobIds) {
      if (!batch.members.has(jobId)) batch.members.set(jobId, undefined);
    }
    batch.touchedAt = now;
    batch.until = Math.max(batch.until, now + OPEN_KEPT_MS);
    return jobIds.map(jobId => batch.members.get(jobId) === undefined);
  }

  async replaceMember(id: string, jobId: string, by: string, now: number): Promise<boolean> {
    const batch = await this.#find(id);
    if (batch === undefined) return false;
    if (batch.members.has(by)) return true;
    if (!batch.members.delete(jobId)) return false;
    batch.members.set(by, undefined);
    batch.touchedAt = now;
    batch.until = Math.max(batch.until, now + OPEN_KEPT_MS);
    return true;
  }

  async bring(ends: readonly MemberEnd[], now: number): Promise<readonly StoredBatch[]> {
    const { book, reach } = this.#options;
    await reach();
    for (const end of ends) book.bring(end, now);
    const ids = [...new Set(ends.map(({ batchId }) => batchId))];
    return ids.flatMap(id => {
      const batch = book.find(id, now);
      if (batch === undefined) return [];
      const stands = standing(batch);
      return stands.open === 0 || (stands.ended.dead > 0 && !batch.called.has('death')) ? [stands] : [];
    });
  }

  async unbrought(): Promise<readonly MemberEnd[]> {
    return [];
  }

  async brought(): Promise<void> {}

  async calledBack(id: string, callbacks: readonly Callback[]): Promise<void> {
    const batch = await this.#find(id);
    for (const each of callbacks) batch?.called.add(each);
  }

  async read(id: string): Promise<StoredBatch | undefined> {
    const batch = await this.#find(id);
    return batch && standing(batch);
  }

  async openMembers(id: string, atMost: number): Promise<readonly string[]> {
    const batch = await this.#find(id);
    return batch === undefined ? [] : openIn(batch).slice(0, atMost);
  }

  async unfinished(atMost: number, now: number): Promise<readonly string[]> {
    await this.#options.reach();
    const found = this.#options.book
      .all()
      .filter(({ isFinished }) => !isFinished)
      .toSorted((a, b) => a.lookedAt - b.lookedAt)
      .slice(0, atMost);
    for (const batch of found) batch.lookedAt = now;
    return found.map(({ id }) => id);
  }

  async finished(id: string, callbacks?: string): Promise<void> {
    const batch = await this.#find(id);
    if (batch === undefined) return;
    batch.isFinished = true;
    batch.callbacks = callbacks ?? batch.callbacks;
  }

  async pending(): Promise<PendingPage> {
    await this.#options.reach();
    const open = this.#options.book.all().filter(({ isFinished }) => !isFinished);
    return { ids: open.map(({ id }) => id), next: undefined };
  }

  async changeCallbacks(id: string, from: string, to: string): Promise<boolean> {
    const batch = await this.#find(id);
    if (batch?.callbacks !== from) return false;
    batch.callbacks = to;
    return true;
  }

  async #find(id: string): Promise<Kept | undefined> {
    const { book, now, reach } = this.#options;
    await reach();
    return book.find(id, now());
  }
}

function openIn({ members }: Kept): readonly string[] {
  return [...members].flatMap(([jobId, end]) => (end === undefined ? [jobId] : []));
}

function standing(batch: Kept): StoredBatch {
  const { id, name, callbacks, at, endedAt, touchedAt, members, called } = batch;
  const byState = Map.groupBy(members.values(), end => end?.state);
  const ended = countEnds(state => byState.get(state)?.length ?? 0);
  return { id, name, callbacks, at, open: openIn(batch).length, ended, endedAt, touchedAt, called: [...called] };
}
