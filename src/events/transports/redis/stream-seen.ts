import type { StreamEntry } from './stream-entries.ts';

/**
 * What a claim brings may be on its way to us by a read as well: where this process stood still for longer than the claim time, its own
 * entries look as if their consumer were dead. Lets each pass once.
 *
 * A read never brings the same entry twice, and brings them in the order of their ids: only what was claimed ahead of it is remembered.
 */
export class StreamSeen {
  readonly #claimedAhead = new Set<string>();
  #lastRead = '0-0';
  #duringClaim: Set<string> | undefined;

  /** Of what a read has brought, what no claim has. */
  read(entries: readonly StreamEntry[]): readonly StreamEntry[] {
    const last = entries.at(-1);
    if (last === undefined) return entries;
    this.#lastRead = last.id;
    if (this.#duringClaim !== undefined) for (const { id } of entries) this.#duringClaim.add(id);
    if (this.#claimedAhead.size === 0) return entries;
    const fresh = entries.filter(({ id }) => !this.#claimedAhead.has(id));
    for (const id of this.#claimedAhead) if (!isAfter(id, last.id)) this.#claimedAhead.delete(id);
    return fresh;
  }

  /** Of what a claim brings, what is neither `claimed` when it is asked for nor read meanwhile. One at a time. */
  async claim<Reply extends { readonly entries: readonly StreamEntry[] }>(
    claimed: Iterable<string>,
    ask: () => Promise<Reply>,
  ): Promise<Reply> {
    const known = new Set(claimed);
    this.#duringClaim = known;
    try {
      const reply = await ask();
      const entries = reply.entries.filter(({ id }) => !known.has(id));
      for (const { id } of entries) if (isAfter(id, this.#lastRead)) this.#claimedAhead.add(id);
      return { ...reply, entries };
    } finally {
      this.#duringClaim = undefined;
    }
  }
}

/** Of two ids of entries, `MILLISECONDS-SEQUENCE`. */
function isAfter(id: string, other: string): boolean {
  const [ms = 0, sequence = 0] = id.split('-').map(Number);
  const [otherMs = 0, otherSequence = 0] = other.split('-').map(Number);
  return ms === otherMs ? sequence > otherSequence : ms > otherMs;
}
