import type { AnyEventContract, App, PayloadOf } from '../../contracts/index.ts';
import type { Engine } from '../../engine/index.ts';
import { isPlatformAway } from '../../resilience/index.ts';
import { Bus, openEvent, readCloudEvent, runReactions, type OutgoingEvent } from '../../events/index.ts';
import type { Facts } from '../../facts/index.ts';
import { outgoingOf, Outbox, storableOf, type OutboxEntry } from '../../outbox/index.ts';
import { AddingQueues, storePrepared, type Client, type JobStore } from '../../queue/index.ts';
import { openState, ownSecret } from '../../state/index.ts';
import { HeldTransport } from './held-transport.ts';
import { inTransaction, type AnswerQuery, type TestTransaction } from './test-transaction.ts';

export interface TestLettersOptions {
  readonly app: App;
  readonly engine: Engine;
  readonly namespace: string;
  readonly client: Client;
  readonly facts: Facts;
  readonly now: () => number;
}

interface Waiting {
  readonly entry: OutboxEntry;
  readonly writtenAt: number;
}

/** The outbox and the bus of a test app: what a relay does between them happens when the test says so. */
export class TestLetters {
  readonly outbox: Outbox;
  readonly bus: Bus;
  readonly #options: TestLettersOptions;
  readonly #transport: HeldTransport;
  readonly #store: JobStore;
  readonly #published = new Map<string, OutgoingEvent>();
  readonly #committed: Waiting[] = [];

  constructor(options: TestLettersOptions) {
    const { app, engine, namespace, client, facts } = options;
    this.#options = options;
    this.#transport = new HeldTransport(event => this.#published.set(event.id, event));
    this.#store = { engine, adding: new AddingQueues(engine) };
    this.bus = new Bus({ events: [...app.events.values()], transport: this.#transport, facts });
    this.outbox = new Outbox({ secrets: client.secrets, payloadKeys: engine.secrets.payloadKeys, namespace });
    this.#transport.ready = runReactions(this.bus, client, app);
    // Whoever waits for it hears of it.
    this.#transport.ready.catch(() => undefined);
  }

  /** The payloads of the events of this contract, oldest first: those of the bus and those that a transaction has committed. */
  payloadsOf<Contract extends AnyEventContract>(contract: Contract): readonly PayloadOf<Contract>[] {
    return [...this.#published.values()].flatMap(({ type, text }) => {
      if (type !== contract.name) return [];
      const reading = readCloudEvent(text);
      const opening = reading.kind === 'unreadable' ? reading : openEvent(contract, reading.event);
      // Validated by the contract of that name.
      return opening.kind === 'envelope' ? [opening.envelope.payload as PayloadOf<Contract>] : [];
    });
  }

  async transaction<Result>(work: (tx: TestTransaction) => Promise<Result>, answer: AnswerQuery): Promise<Result> {
    const secret = async (): Promise<string> => ownSecret(await openState(this.#options.engine), 'of a test alone');
    const { result, entries } = await inTransaction(work, answer, secret);
    const writtenAt = this.#options.now();
    for (const entry of entries) {
      this.#committed.push({ entry, writtenAt });
      if (entry.kind === 'event') this.#published.set(entry.id, outgoingOf(entry));
    }
    return result;
  }

  /**
   * Brings what was committed to queues and bus, and events to their subscribers. Answers whether there was anything. What an engine that
   * is away keeps from being sent waits for the next time.
   * @throws what a reaction or another subscriber threw
   */
  async relay(): Promise<boolean> {
    let moved = false;
    for (;;) {
      const [waiting] = this.#committed;
      if (waiting === undefined || !(await this.#send(waiting))) break;
      this.#committed.shift();
      moved = true;
    }
    for (;;) {
      const results = await this.#transport.deliverFirst();
      if (results === undefined) return moved;
      const failures = results.flatMap(({ verdict }) => (verdict.kind === 'done' ? [] : [verdict.error]));
      if (failures.some(isPlatformAway)) return moved;
      this.#transport.takeFirstOff();
      moved = true;
      for (const failure of failures) throw failure;
    }
  }

  async close(): Promise<void> {
    await this.bus.close(0);
  }

  /** Whether it was sent. */
  async #send({ entry, writtenAt }: Waiting): Promise<boolean> {
    const { now } = this.#options;
    try {
      if (entry.kind === 'event') await this.bus.forward(outgoingOf(entry));
      else {
        const job = storableOf(entry, { agedMs: now() - writtenAt, again: false });
        await storePrepared(this.#store, entry.target, [job]);
      }
      return true;
    } catch (error) {
      if (isPlatformAway(error)) return false;
      this.#committed.shift();
      throw error;
    }
  }
}
