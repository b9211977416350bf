import { InProcessTransport, type LocalResult, type OutgoingEvent } from '../../events/index.ts';

/** Keeps what is published until the test lets it travel: so nothing reacts before it is asked to. */
export class HeldTransport extends InProcessTransport {
  readonly #waiting: OutgoingEvent[] = [];
  readonly #onEvent: (event: OutgoingEvent) => void;
  /** Resolves when the reactions have subscribed. */
  ready: Promise<unknown> = Promise.resolve();

  constructor(onEvent: (event: OutgoingEvent) => void) {
    super();
    this.#onEvent = onEvent;
  }

  override async publish(event: OutgoingEvent): Promise<void> {
    this.#onEvent(event);
    this.#waiting.push(event);
  }

  override async publishAndWait(event: OutgoingEvent): Promise<readonly LocalResult[]> {
    this.#onEvent(event);
    await this.ready;
    return super.publishAndWait(event);
  }

  /** Brings the oldest to its subscribers; it waits on until it is taken off. Undefined where nothing waits. */
  async deliverFirst(): Promise<readonly LocalResult[] | undefined> {
    const [event] = this.#waiting;
    await this.ready;
    return event && super.publishAndWait(event);
  }

  takeFirstOff(): void {
    this.#waiting.shift();
  }
}
