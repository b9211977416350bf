import type { EventStream } from '../../src/http/index.ts';
import type { RangeName } from '../../src/journal/index.ts';
import { overviewPart, type OverviewAbout } from '../overview/overview-page.ts';
import type { OverviewReader } from '../overview/overview-reader.ts';
import type { Role } from '../sign-in/roles.ts';
import { newsOf, piecesOf } from './pieces.ts';

export interface LiveOverviewOptions {
  readonly about: OverviewAbout;
  readonly reader: Pick<OverviewReader, 'read' | 'readAnew'>;
  readonly report: (error: unknown) => void;
  readonly lookMs: number;
}

/** What a page that follows shows. */
interface Follower {
  readonly stream: EventStream;
  readonly range: RangeName;
  readonly role: Role;
  /** What it has been sent: the same list for all who see the same. */
  shown?: readonly string[];
}

/**
 * Sends the overview to all pages that follow it. It looks once for all of them, and not at all while nobody follows: the engine is asked as much for a
 * hundred pages as for one. What has not changed since the last look is not sent again: of fifty queues all is a quarter of a megabyte. Of a page that
 * reads slowly only the newest waits to be sent.
 */
export class LiveOverview {
  readonly #options: LiveOverviewOptions;
  readonly #followers = new Set<Follower>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LiveOverviewOptions) {
    this.#options = options;
  }

  /** Sends how things stand now, and again every few seconds until the stream has ended. */
  follow(stream: EventStream, of: Pick<Follower, 'range' | 'role'>): void {
    const follower: Follower = { stream, ...of };
    this.#followers.add(follower);
    // It has just been loaded: what was read for it then is good enough.
    void this.#show([follower], range => this.#options.reader.read(range));
    this.#timer ??= setTimeout(() => void this.#look(), this.#options.lookMs).unref();
    void this.#untilEnd(follower);
  }

  async #untilEnd(follower: Follower): Promise<void> {
    await follower.stream.ended;
    this.#followers.delete(follower);
    if (this.#followers.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Nobody follows: nothing is read. */
  get isAsleep(): boolean {
    return this.#timer === undefined;
  }

  async #look(): Promise<void> {
    await this.#show([...this.#followers], range => this.#options.reader.readAnew(range));
    // Whoever came meanwhile, behind the last that left, has begun one of its own.
    clearTimeout(this.#timer);
    this.#timer =
      this.#followers.size === 0 ? undefined : setTimeout(() => void this.#look(), this.#options.lookMs).unref();
  }

  /** The same page is made once for all who see the same. */
  async #show(followers: readonly Follower[], read: OverviewReader['read']): Promise<void> {
    const alike = Map.groupBy(followers, ({ range, role }) => `${range} ${role}`);
    const shown = [...alike.values()].map(async group => {
      const [{ range, role } = {}] = group;
      if (range === undefined || role === undefined) return;
      const { about } = this.#options;
      const { markup } = overviewPart({ ...about, ...(await read(range)), range, role });
      const pieces = piecesOf(markup);
      const news = new Map<readonly string[] | undefined, ReturnType<typeof newsOf>>();
      for (const follower of group) {
        const { shown } = follower;
        const own = news.get(shown) ?? newsOf(shown, pieces);
        news.set(shown, own);
        follower.shown = pieces;
        follower.stream.setAll(own);
      }
    });
    await Promise.all(shown).catch(this.#options.report);
  }
}
