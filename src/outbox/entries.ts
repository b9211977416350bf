import { hash } from 'node:crypto';
import { InvalidOptionsError } from '../errors/index.ts';
import { outgoing, type StampedEvent } from '../events/index.ts';
import type { PreparedJob } from '../queue/index.ts';
import type { OutboxEntry } from './entry.ts';
import { SLOTS } from './tables.ts';

/** Entries as they are written, each in its slot: what is in one slot is sent in the order in which it was written. */
export class Entries {
  readonly #source: string;
  #turn = 0;

  /** @param source CloudEvents' `source` */
  constructor(source: string) {
    this.#source = source;
  }

  ofJob({ id, contract, stored, options, metadata }: PreparedJob, order: string | undefined): OutboxEntry {
    const all = metadata === undefined ? options : { ...options, telemetry: { metadata } };
    // The data is JSON already, with its fields encrypted.
    const body = `{"data":${stored},"options":${JSON.stringify(all)}}`;
    return { slot: this.#slotOf(order), kind: 'job', id, target: contract.queue, name: contract.name, body };
  }

  ofEvent(event: StampedEvent, order: string | undefined): OutboxEntry {
    const { text } = outgoing(event, this.#source);
    const { name } = event.contract;
    return { slot: this.#slotOf(order), kind: 'event', id: event.id, target: name, name, body: text };
  }

  #slotOf(order: string | undefined): number {
    // Without a key slots take turns, so that several relays have something to do.
    if (order === undefined) return this.#turn++ % SLOTS;
    if (typeof order !== 'string') throw new InvalidOptionsError(`Expected order to be a text, got a ${typeof order}.`);
    return Number.parseInt(hash('sha256', order, 'hex').slice(0, 8), 16) % SLOTS;
  }
}
