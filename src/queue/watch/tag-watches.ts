import type { Tags } from '../../contracts/index.ts';
import type { Engine } from '../../engine/index.ts';
import type { SecretSource } from '../../secrets/index.ts';
import { InvalidOptionsError } from '../../errors/index.ts';
import { checkFind, type CheckedFind } from '../find/check-find.ts';
import { findIds } from '../find/find-jobs.ts';

/** Called with the ids of the jobs that carry the tags, the newest first, and again whenever they are others. */
export type IdsSeen = (ids: readonly string[]) => void;

interface Watched {
  readonly asked: CheckedFind;
  readonly seenBy: Set<IdsSeen>;
  ids: readonly string[] | undefined;
}

const LOOK_EVERY_MS = 2_000;
/** Of one set of tags: what a page shows. */
const NEWEST = 20;

/** At least one tag: nobody is to follow everything because a tag was left out. @throws InvalidOptionsError */
export function requireTags(tag: Tags): CheckedFind {
  const asked = checkFind({ tag, limit: NEWEST });
  if (asked.tags.length > 0) return asked;
  throw new InvalidOptionsError('Expected tag to name at least one tag, got none.');
}

/** Which jobs carry which tags, for everybody in this process who follows them: looked up once for all who ask for the same tags. */
export class TagWatches {
  readonly #engine: Engine;
  readonly #secrets: SecretSource;
  readonly #watched = new Map<string, Watched>();
  #timer: NodeJS.Timeout | undefined;
  #looking = false;

  constructor(engine: Engine, secrets: SecretSource) {
    this.#engine = engine;
    this.#secrets = secrets;
  }

  /** Follows the newest 20 jobs that carry these tags, until the answer is called. @throws InvalidOptionsError for what are no tags */
  watch(tag: Tags, seen: IdsSeen): () => void {
    const asked = requireTags(tag);
    const key = JSON.stringify(asked.tags.toSorted((a, b) => a.name.localeCompare(b.name)));
    const watched = this.#watched.get(key) ?? { asked, seenBy: new Set(), ids: undefined };
    this.#watched.set(key, watched);
    watched.seenBy.add(seen);
    this.#timer ??= setInterval(() => void this.#lookAtAll(), LOOK_EVERY_MS).unref();
    const { ids } = watched;
    if (ids === undefined) void this.#look([watched]);
    else setImmediate(() => watched.seenBy.has(seen) && seen(ids));
    return () => {
      watched.seenBy.delete(seen);
      if (watched.seenBy.size === 0 && this.#watched.get(key) === watched) this.#watched.delete(key);
      if (this.#watched.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  async #lookAtAll(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    await this.#look([...this.#watched.values()]);
    this.#looking = false;
  }

  /** One after the other: many different tags must not fill the connection of those who enqueue. */
  async #look(all: readonly Watched[]): Promise<void> {
    try {
      const secrets = await this.#secrets.load();
      for (const watched of all) {
        const ids = await findIds(this.#engine, secrets, watched.asked);
        if (watched.ids !== undefined && watched.ids.join() === ids.join()) continue;
        watched.ids = ids;
        for (const seen of watched.seenBy) seen(ids);
      }
    } catch {
      // The engine is away: the next look finds what this one did not.
    }
  }
}
