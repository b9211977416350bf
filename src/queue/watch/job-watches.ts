import type { Engine, JobEnds, JobPlace } from '../../engine/index.ts';
import { placeOf, shownJobId } from '../ids/job-id.ts';
import { Looks, type EndNews } from '../results/index.ts';
import { readJobView, type JobView } from '../views/job-view.ts';
import { UndecodableJobError } from '../views/undecodable-job-error.ts';

/** Called with the job as it stands now, and again whenever that has changed; with undefined when it is not there (any more). */
export type JobSeen = (view: JobView | undefined) => void;

interface Watched {
  readonly place: JobPlace;
  readonly seenBy: Set<JobSeen>;
  /** What `signs` said of it when it was read last; `unread` before that. */
  sign: string | undefined | typeof UNREAD;
  view: JobView | undefined;
}

const UNREAD = Symbol('unread');
/** Reading one job takes some six questions. */
const READ_AT_ONCE = 20;

/**
 * Everybody in this process who follows jobs. However many they are, they cost the engine one subscription (that of who waits for results) and one
 * look a second for all of their jobs together; a job that has changed is read once for all who follow it. What changes twice between two looks is
 * seen once: this tells how a job stands, not each step on the way there.
 */
export class JobWatches {
  readonly #engine: Engine;
  readonly #news: EndNews;
  readonly #watched = new Map<string, Watched>();
  readonly #looks = new Looks({ known: this.#watched, look: ids => this.#look(ids) });

  constructor(engine: Engine, news: EndNews) {
    this.#engine = engine;
    this.#news = news;
  }

  /** How many jobs are followed. */
  get size(): number {
    return this.#watched.size;
  }

  /** Follows a job until the answered function is called. It asks an engine that cannot answer now again, and says nothing meanwhile. */
  watch(id: string, seen: JobSeen): () => void {
    const place = placeOf(id) ?? { queue: '', id };
    const watched = this.#watched.get(id) ?? { place, seenBy: new Set(), sign: UNREAD, view: undefined };
    this.#watched.set(id, watched);
    watched.seenBy.add(seen);
    this.#news.hear(this.#looks.heard);
    this.#looks.begin();
    // A follower that comes later hears what the others know, in a turn of its own.
    if (watched.sign === UNREAD) this.#looks.ask([id]);
    else setImmediate(() => watched.seenBy.has(seen) && seen(watched.view));
    return () => {
      watched.seenBy.delete(seen);
      if (watched.seenBy.size === 0 && this.#watched.get(id) === watched) this.#watched.delete(id);
      if (this.#watched.size === 0) this.#looks.end();
    };
  }

  async #look(ids: readonly string[]): Promise<void> {
    const asked = ids.flatMap(id => this.#watched.get(id) ?? []);
    if (asked.length === 0) return;
    try {
      const ends = await this.#news.open();
      const signs = await ends.signs(asked.map(({ place }) => place));
      const changed = asked.filter(({ sign }, index) => sign !== signs[index]);
      for (let from = 0; from < changed.length; from += READ_AT_ONCE) {
        await Promise.allSettled(changed.slice(from, from + READ_AT_ONCE).map(watched => this.#read(watched, ends)));
      }
    } catch {
      // The next look finds what this one did not. Whatever failed, no job is known to be gone.
    }
  }

  /** Reads the sign before the view, so that a change between them is read again. A sign whose view could not be read stays unread. */
  async #read(watched: Watched, ends: JobEnds): Promise<void> {
    const [sign] = await ends.signs([watched.place]);
    const view =
      sign === undefined ? undefined : await readJobView(this.#engine, shownJobId(watched.place)).catch(unreadable);
    watched.sign = sign;
    tell(watched, view);
  }
}

function tell(watched: Watched, view: JobView | undefined): void {
  watched.view = view;
  for (const seen of watched.seenBy) seen(view);
}

/** Another program keeps something else in its place: nobody can say how it stands. */
function unreadable(error: unknown): undefined {
  if (!(error instanceof UndecodableJobError)) throw error;
}
