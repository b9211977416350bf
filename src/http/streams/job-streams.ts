import type { IncomingMessage, ServerResponse } from 'node:http';
import { requireTags, type ClientInsides } from '../../queue/index.ts';
import { EventStream } from './event-stream.ts';
import { JobFeed, type Shape, type StreamTarget } from './job-feed.ts';
import { StreamCaps } from './stream-caps.ts';

export interface StreamSettings {
  /** A stream ends then, and who still wants it comes again. */
  readonly endAfterMs: number;
  /** How often it is asked whether the caller may still see it. */
  readonly askAgainMs: number;
  /** Of one caller, and in this process. */
  readonly perCaller: number;
  readonly inAll: number;
  readonly heartbeatMs: number;
  readonly slowMs: number;
}

export const USUAL_STREAMS: StreamSettings = {
  endAfterMs: 15 * 60_000,
  askAgainMs: 10_000,
  perCaller: 10,
  inAll: 10_000,
  heartbeatMs: 15_000,
  slowMs: 30_000,
};

export type StillAllowed = 'yes' | 'no' | 'unknown';

export interface NewStream {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Whose share it counts in. */
  readonly caller: string;
  readonly target: StreamTarget;
  readonly shape: Shape;
  /**
   * Whether the caller may still see it: after a sign-out, or for a token that was revoked, no longer. `unknown`: the sign-in failed; the stream ends,
   * and its reader comes again. One that rejects has not said anything: the engine is away, and with it whatever could be shown.
   */
  readonly isStillAllowed: () => Promise<StillAllowed>;
}

/** The live streams of one door. The one place where they are opened, capped, asked about again and ended. */
export class JobStreams {
  readonly #insides: ClientInsides;
  readonly #settings: StreamSettings;
  readonly #caps: StreamCaps;
  readonly #open = new Set<EventStream>();
  #isClosing = false;

  constructor(insides: ClientInsides, settings: StreamSettings = USUAL_STREAMS) {
    this.#insides = insides;
    this.#settings = settings;
    this.#caps = new StreamCaps(settings.perCaller, settings.inAll);
  }

  /** Answers the request with a stream; resolves when that has ended. @throws RequestRefusedError 429, 503, InvalidOptionsError for what are no tags */
  async open({ request, response, caller, target, shape, isStillAllowed }: NewStream): Promise<void> {
    const { endAfterMs, askAgainMs } = this.#settings;
    // Before anything is answered: what are no tags is a request to be refused.
    if ('tag' in target) requireTags(target.tag);
    const leave = this.#caps.enter(caller);
    const stream = new EventStream(response, this.#settings);
    this.#open.add(stream);
    const late = setTimeout(() => stream.end('time'), endAfterMs).unref();
    const asking = setInterval(() => {
      void isStillAllowed().then(
        answer => answer === 'yes' || stream.end(answer === 'no' ? 'not-allowed' : 'not-known'),
        () => undefined,
      );
    }, askAgainMs).unref();
    try {
      void new JobFeed(stream, this.#insides, target, shape, String(request.headers['last-event-id'] ?? ''));
      if (this.#isClosing) stream.end('closing');
      await stream.ended;
    } finally {
      clearTimeout(late);
      clearInterval(asking);
      this.#open.delete(stream);
      leave();
    }
  }

  /** Ends all of them, and each that is opened later. */
  close(): void {
    this.#isClosing = true;
    for (const stream of this.#open) stream.end('closing');
  }
}
