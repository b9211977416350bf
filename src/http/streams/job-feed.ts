import { createHash } from 'node:crypto';
import { isOver, type ClientInsides, type JobView } from '../../queue/index.ts';
import type { Tags } from '../../contracts/index.ts';
import type { EventStream } from './event-stream.ts';

/** What a stream is about: one job, until it is over, or the newest jobs that carry these tags. */
export type StreamTarget = { readonly job: string } | { readonly tag: Tags };

/** What a reader sees of a job; undefined: nothing of this one. */
export type Shape = (view: JobView) => Promise<unknown>;

/** The feed looks again after so many milliseconds at what could not be read. */
export const AGAIN_MS = 1_000;

interface Followed {
  stop: () => void;
  /** Whether it has been looked at. The feed sends nothing until all have. */
  isSeen: boolean;
  /** The newest one that has not been shaped yet. */
  next: JobView | undefined;
  /** The newest one, shaped or not. */
  newest: JobView | undefined;
  isShaping: boolean;
  data: unknown;
  digest: string;
}

/**
 * Sends how the jobs of a target stand, and whatever changes. An event carries a job as it is now, so a reader that comes again needs no history:
 * its `Last-Event-ID` says all that it has seen, and where that is how things stand nothing is sent again.
 */
export class JobFeed {
  readonly #stream: EventStream;
  readonly #shape: Shape;
  readonly #watches: ClientInsides['watches'];
  readonly #followed = new Map<string, Followed>();
  readonly #isOfOne: boolean;
  /** What the reader has seen before it came again, until the first look is done. */
  #seenBefore: string | undefined;
  #isBegun = false;
  #areKnown = false;
  #stop: () => void = () => undefined;

  constructor(stream: EventStream, insides: ClientInsides, target: StreamTarget, shape: Shape, seenBefore: string) {
    this.#stream = stream;
    this.#shape = shape;
    this.#watches = insides.watches;
    this.#seenBefore = seenBefore;
    this.#isOfOne = 'job' in target;
    void stream.ended.then(() => this.#leave());
    if ('job' in target) this.#follow([target.job]);
    else this.#stop = insides.tagWatches.watch(target.tag, ids => this.#follow(ids));
  }

  #leave(): void {
    this.#stop();
    for (const { stop } of this.#followed.values()) stop();
    this.#followed.clear();
  }

  #follow(ids: readonly string[]): void {
    this.#areKnown = true;
    for (const [id, { stop }] of this.#followed) {
      if (ids.includes(id)) continue;
      stop();
      this.#followed.delete(id);
    }
    for (const id of ids) {
      if (this.#followed.has(id)) continue;
      const followed: Followed = {
        stop: () => undefined,
        isSeen: false,
        next: undefined,
        newest: undefined,
        isShaping: false,
        data: undefined,
        digest: '',
      };
      this.#followed.set(id, followed);
      followed.stop = this.#watches.watch(id, view => this.#seen(id, followed, view));
    }
    this.#begin();
  }

  #seen(id: string, followed: Followed, view: JobView | undefined): void {
    if (view === undefined) {
      // It was there when the stream was opened, and is past its retention.
      if (this.#isOfOne) return this.#stream.end('gone');
      followed.isSeen = true;
      return this.#begin();
    }
    followed.next = view;
    followed.newest = view;
    if (!followed.isShaping) void this.#shapeAll(id, followed);
  }

  /** Shapes one view after another, so that an older one never overtakes, and passes over what has become old meanwhile. */
  async #shapeAll(id: string, followed: Followed): Promise<void> {
    followed.isShaping = true;
    for (let view = followed.next; view !== undefined; view = followed.next) {
      followed.next = undefined;
      const shaped = await this.#shape(view).then(
        data => ({ data }),
        () => this.#again(id, followed, view),
      );
      followed.isSeen = true;
      if (shaped?.data !== undefined) this.#changed(id, followed, shaped.data);
      this.#begin();
      // The reader gets the end of the job before the end of the stream.
      if (shaped !== undefined && this.#isOfOne && isOver(view.state) && followed.next === undefined) {
        this.#stream.end('over');
      }
    }
    followed.isShaping = false;
  }

  /** The engine is away; nothing says that the job changes again. */
  #again(id: string, followed: Followed, view: JobView): undefined {
    const look = (): void => {
      if (this.#followed.get(id) === followed && followed.newest === view) this.#seen(id, followed, { ...view });
    };
    setTimeout(look, AGAIN_MS).unref();
  }

  #changed(id: string, followed: Followed, data: unknown): void {
    const digest = digestOf(JSON.stringify(data));
    if (digest === followed.digest || !this.#followed.has(id)) return;
    followed.data = data;
    followed.digest = digest;
    if (this.#isBegun) this.#send(id, followed);
  }

  /** Sends all that stands once every job has been looked at, unless the reader has seen it already. */
  #begin(): void {
    if (this.#isBegun || !this.#areKnown || [...this.#followed.values()].some(({ isSeen }) => !isSeen)) return;
    this.#isBegun = true;
    if (this.#seenBefore === this.#standing()) return;
    const seen = [...this.#followed].filter(([, { digest }]) => digest !== '');
    const standing = this.#standing();
    this.#stream.setAll(seen.map(([id, { data }]) => [id, { name: 'job', id: standing, data }]));
  }

  #send(id: string, { data }: Followed): void {
    this.#stream.set(id, { name: 'job', id: this.#standing(), data });
  }

  /** How all that this reader may see stands, in 16 characters. */
  #standing(): string {
    const all = [...this.#followed].map(([id, { digest }]) => `${id} ${digest}`).toSorted();
    return digestOf(all.join('\n'));
  }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}
