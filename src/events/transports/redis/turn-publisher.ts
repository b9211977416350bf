import type { OutgoingEvent } from '../../transport.ts';
import type { RedisLink } from './link.ts';

export interface TurnCommands {
  /** The command that publishes one. */
  one(event: OutgoingEvent): readonly string[];
  /** The command that publishes several in their order, all of them or up to the first that fails; it answers a list, one for each. */
  many(events: readonly OutgoingEvent[]): readonly string[];
}

interface Publication {
  readonly event: OutgoingEvent;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Redis does nothing else while it takes them. */
const AT_ONCE = 100;
const CHARACTERS_AT_ONCE = 512 * 1024;

/**
 * Publishes to Redis. What is published in one turn of the loop goes in one command: the way of a command through driver and server
 * costs more than its work there. What is alone waits for nothing.
 */
export class TurnPublisher {
  readonly #link: RedisLink;
  readonly #commands: TurnCommands;
  #waiting: Publication[] = [];

  constructor(link: RedisLink, commands: TurnCommands) {
    this.#link = link;
    this.#commands = commands;
  }

  /** Resolves with what Redis answers. @throws BusUnavailableError; after a lost connection Redis may have it or not */
  async publish(event: OutgoingEvent): Promise<unknown> {
    if (!this.#link.isReady) await this.#link.ready(whatOf(event));
    return new Promise((resolve, reject) => {
      // After every promise that could go on has done so.
      if (this.#waiting.length === 0) process.nextTick(() => this.#flush());
      this.#waiting.push({ event, resolve, reject });
    });
  }

  #flush(): void {
    const all = this.#waiting;
    this.#waiting = [];
    let batch: Publication[] = [];
    let characters = 0;
    for (const each of all) {
      const { length } = each.event.text;
      if (batch.length > 0 && (batch.length === AT_ONCE || characters + length > CHARACTERS_AT_ONCE)) {
        void this.#send(batch);
        batch = [];
        characters = 0;
      }
      batch.push(each);
      characters += length;
    }
    void this.#send(batch);
  }

  async #send(batch: readonly Publication[]): Promise<void> {
    const [only] = batch.length === 1 ? batch : [];
    try {
      if (only !== undefined) {
        only.resolve(await this.#link.call(this.#commands.one(only.event)));
        return;
      }
      const answers = await this.#link.call(this.#commands.many(batch.map(({ event }) => event)));
      const list: readonly unknown[] = Array.isArray(answers) ? answers : [];
      for (const [index, { resolve }] of batch.entries()) resolve(list[index]);
    } catch (cause) {
      for (const { event, reject } of batch) reject(this.#link.explained(whatOf(event), cause));
    }
  }
}

function whatOf({ id }: OutgoingEvent): string {
  return `the event "${id}"`;
}
