import type { ServerResponse } from 'node:http';
import { EVERY } from '../exchange/answer.ts';

/**
 * Why a stream ended: what it was about is `over` or `gone`, its `time` was up, its caller is `not-allowed` any more, or that is `not-known` because
 * the sign-in failed, the server is `closing`; the caller has `left`, or read so slowly that it was dropped.
 */
export type StreamEnd = 'over' | 'gone' | 'time' | 'not-allowed' | 'not-known' | 'closing' | 'left' | 'slow';

export interface StreamEvent {
  readonly name: string;
  /** All that the reader has seen once it has read this and what was set before it; undefined: no more than before. */
  readonly id?: string;
  readonly data: unknown;
}

export interface EventStreamOptions {
  /** A line that says nothing, so that proxies do not take it for dead. */
  readonly heartbeatMs: number;
  /** How long a reader may leave unread what was sent. */
  readonly slowMs: number;
}

const HEADERS = {
  ...EVERY,
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-store, no-transform',
  // nginx would gather what is sent.
  'X-Accel-Buffering': 'no',
};
/** How soon a browser's EventSource comes again. */
const RETRY_MS = 2_000;

/**
 * Server-sent events to one reader. Of each key only the newest event waits to be sent, so that a reader costs a bounded memory however slowly
 * it reads; who reads nothing for a while is dropped.
 */
export class EventStream {
  readonly ended: Promise<StreamEnd>;
  readonly #response: ServerResponse;
  readonly #options: EventStreamOptions;
  readonly #waiting = new Map<string, StreamEvent>();
  readonly #heartbeat: NodeJS.Timeout;
  #slow: NodeJS.Timeout | undefined;
  #end: (reason: StreamEnd) => void = () => undefined;
  #isOpen = true;
  /** Said when what was sent before has been read. */
  #ending: StreamEnd | undefined;

  constructor(response: ServerResponse, options: EventStreamOptions) {
    this.#response = response;
    this.#options = options;
    this.ended = new Promise(resolve => (this.#end = resolve));
    response.writeHead(200, HEADERS);
    response.on('drain', () => this.#drained()).on('close', () => this.#finish('left'));
    response.on('error', () => this.#finish('left'));
    this.#heartbeat = setInterval(() => this.#slow === undefined && this.#write(':\n\n'), options.heartbeatMs).unref();
    // Whoever left before, while it was asked what may be seen, is not told of again.
    // So is whoever asks for the head alone, which Node would keep until the end.
    const isHead = response.req.method === 'HEAD';
    if (isHead) response.end();
    if (isHead || response.destroyed) this.#finish('left');
    else this.#write(`retry: ${RETRY_MS}\n\n`);
  }

  /** Takes the place of what waits to be sent under the same key, and goes behind all that waits. */
  set(key: string, event: StreamEvent): void {
    this.setAll([[key, event]]);
  }

  /** The same of several that belong together: a reader that is cut off among them has seen none of what the last one's id says. */
  setAll(events: readonly (readonly [key: string, event: StreamEvent])[]): void {
    if (!this.#isOpen || this.#ending !== undefined) return;
    for (const [key, event] of events) {
      this.#waiting.delete(key);
      this.#waiting.set(key, event);
    }
    this.#flush();
  }

  /**
   * The reader is told why, once it has read what was sent before; one that does not is dropped, at once where it may see no more. Repeated calls do
   * nothing.
   */
  end(reason: StreamEnd): void {
    if (!this.#isOpen) return;
    if (this.#slow === undefined) return this.#sayEnd(reason);
    const mayRead = reason !== 'not-allowed' && reason !== 'not-known';
    if (mayRead) this.#ending ??= reason;
    else this.#drop(reason);
  }

  #drop(reason: StreamEnd): void {
    this.#finish(reason);
    this.#response.destroy();
  }

  #sayEnd(reason: StreamEnd): void {
    this.#response.end(textOf({ name: 'end', data: { reason } }));
    this.#finish(reason);
  }

  #flush(): void {
    for (const [key, event] of this.#waiting) {
      if (this.#slow !== undefined || !this.#isOpen) return;
      this.#waiting.delete(key);
      // An id speaks for those behind as well: a reader that leaves before it has them says that it has seen nothing.
      this.#write(textOf(this.#waiting.size === 0 ? event : { ...event, id: '' }));
    }
  }

  #write(text: string): void {
    if (this.#response.write(text)) return;
    this.#slow ??= setTimeout(() => this.#drop('slow'), this.#options.slowMs).unref();
  }

  #drained(): void {
    clearTimeout(this.#slow);
    this.#slow = undefined;
    this.#flush();
    if (this.#ending !== undefined && this.#slow === undefined && this.#isOpen) this.#sayEnd(this.#ending);
  }

  #finish(reason: StreamEnd): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    clearInterval(this.#heartbeat);
    clearTimeout(this.#slow);
    this.#waiting.clear();
    this.#end(reason);
  }
}

/** JSON has no line breaks outside of its texts, and none in them. */
function textOf({ name, id, data }: StreamEvent): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
