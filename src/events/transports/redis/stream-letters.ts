import type { EventDeadLetters, StoredLetter, Verdict } from '../../transport.ts';
import { readCloudEvent } from '../../envelope/cloud-event.ts';
import type { RedisLink } from './link.ts';
import { pairs, type StreamEntry } from './stream-entries.ts';
import { BURY, REPLAY_LETTER } from './stream-scripts.ts';

const KEPT_S = 30 * 86_400;
const ID = /^\d{1,20}-\d{1,20}$/;

export interface Burial {
  readonly group: string;
  readonly subscription: string;
  readonly entry: StreamEntry;
  readonly attempt: number;
  readonly verdict: Extract<Verdict, { kind: 'dead' }>;
}

/** Events that ended in failure, in a stream of their own, for 30 days. */
export class StreamLetters implements EventDeadLetters {
  readonly #link: RedisLink;
  readonly #events: string;
  readonly #letters: string;

  constructor(link: RedisLink, key: string) {
    this.#link = link;
    this.#events = key;
    this.#letters = `${key}:dead`;
  }

  async bury({ group, subscription, entry, attempt, verdict }: Burial): Promise<void> {
    const reading = readCloudEvent(entry.text);
    const fields = {
      group,
      subscription,
      type: entry.type,
      id: reading.kind === 'event' ? reading.event.id : '',
      reason: verdict.reason,
      error: verdict.error.message.slice(0, 1_000),
      attempts: attempt,
      event: entry.text,
    };
    await this.#link.send(
      'a dead letter',
      'EVAL',
      BURY,
      2,
      this.#events,
      this.#letters,
      group,
      entry.id,
      KEPT_S,
      ...Object.entries(fields).flat(),
    );
  }

  async list(limit: number): Promise<readonly StoredLetter[]> {
    const reply = await this.#link.send('the dead letters', 'XRANGE', this.#letters, '-', '+', 'COUNT', limit);
    return (Array.isArray(reply) ? reply : []).flatMap((letter: unknown) => {
      const [id, fields]: unknown[] = Array.isArray(letter) ? letter : [];
      if (typeof id !== 'string' || !Array.isArray(fields)) return [];
      const byName = pairs(fields);
      return [
        {
          id,
          subscription: byName.get('subscription') ?? '',
          eventId: byName.get('id') ?? '',
          eventType: byName.get('type') ?? '',
          reason: byName.get('reason') ?? '',
          error: byName.get('error') ?? '',
          attempts: Number(byName.get('attempts')),
          diedAt: new Date(Number(id.slice(0, id.indexOf('-')))),
          text: byName.get('event') ?? '',
        },
      ];
    });
  }

  async count(): Promise<number> {
    return Number(await this.#link.send('the number of dead letters', 'XLEN', this.#letters));
  }

  async replay(id: string): Promise<boolean> {
    if (!ID.test(id)) return false;
    const what = `the replay of dead letter ${id}`;
    return (await this.#link.send(what, 'EVAL', REPLAY_LETTER, 2, this.#events, this.#letters, id)) === 1;
  }

  async discard(id: string): Promise<boolean> {
    if (!ID.test(id)) return false;
    return (await this.#link.send(`the discarding of dead letter ${id}`, 'XDEL', this.#letters, id)) === 1;
  }
}
