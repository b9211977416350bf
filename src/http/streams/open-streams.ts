import type { ServerResponse } from 'node:http';
import { EventStream, type StreamEnd } from './event-stream.ts';
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

export interface OpenedStream {
  readonly response: ServerResponse;
  /** Whose share it counts in. */
  readonly caller: string;
  /**
   * Whether the caller may still see it: after a sign-out, or for a token that was revoked, no longer. `unknown`: the sign-in failed; the stream ends,
   * and its reader comes again. One that rejects has not said anything: the engine is away, and with it whatever could be shown.
   */
  readonly isStillAllowed: () => Promise<StillAllowed>;
  /** Sends whatever the stream is about. */
  readonly feed: (stream: EventStream) => void;
  /** Sooner than the door says. */
  readonly endAfterMs?: number | undefined;
}

/** The streams of one door. The one place where they are opened, capped, asked about again and ended, whatever they are about. */
export class OpenStreams {
  readonly #settings: StreamSettings;
  readonly #caps: StreamCaps;
  readonly #open = new Set<EventStream>();
  #isClosing = false;

  constructor(settings: StreamSettings = USUAL_STREAMS) {
    this.#settings = settings;
    this.#caps = new StreamCaps(settings.perCaller, settings.inAll);
  }

  /** Answers the request with a stream; resolves when that has ended. @throws RequestRefusedError 429, 503 */
  async open({ response, caller, isStillAllowed, feed, ...given }: OpenedStream): Promise<StreamEnd> {
    const { askAgainMs } = this.#settings;
    const { endAfterMs = this.#settings.endAfterMs } = given;
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
      feed(stream);
      if (this.#isClosing) stream.end('closing');
      return await stream.ended;
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
