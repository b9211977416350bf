import { setTimeout as sleep } from 'node:timers/promises';
import type { NoteAnswer, RunNote, TurnQueue } from '../../../engine/index.ts';
import { isOutage } from '../../../resilience/index.ts';

/** Often enough for an eye that watches; a run that says something all the time is written so often at most. */
const TELL_EVERY_MS = 250;
const AGAIN_MS = 500;

/** What a run has noted and the engine does not have yet. */
export interface Untold {
  /** Nothing of it is on its way or waits to be. */
  readonly isTold: boolean;
  /** What is to be sent now; undefined where there is nothing. `answered`, `failed` or `giveUp` follows. */
  take(): RunNote | undefined;
  answered(answer: NoteAnswer): void;
  /** Nothing is known of what became of it: it is sent again. */
  failed(): void;
  /** It cannot be written, and is not tried again. */
  giveUp(): void;
}

export interface NoteSenderOptions {
  readonly queue: Pick<TurnQueue, 'note'>;
  readonly onError: (error: unknown) => void;
}

/** Brings what the runs of one queue in this process say to the engine, all of it together. Without anything said there is no timer and no trip. */
export class NoteSender {
  readonly #options: NoteSenderOptions;
  readonly #waiting = new Set<Untold>();
  #planned = false;
  #sending: Promise<void> | undefined;

  constructor(options: NoteSenderOptions) {
    this.#options = options;
  }

  tellSoon(notes: Untold): void {
    this.#waiting.add(notes);
    if (this.#planned) return;
    this.#planned = true;
    setTimeout(() => {
      this.#planned = false;
      void this.#send();
    }, TELL_EVERY_MS).unref();
  }

  /** Resolves when all of it is written; waits for an engine that is away. Runs that end in one turn of the event loop are written in one trip. */
  async told(notes: Untold): Promise<void> {
    while (!notes.isTold) {
      this.#waiting.add(notes);
      await this.#send();
    }
  }

  #send(): Promise<void> {
    this.#sending ??= new Promise<void>(resolve => setImmediate(resolve))
      .then(() => this.#sendAll())
      .finally(() => (this.#sending = undefined));
    return this.#sending;
  }

  async #sendAll(): Promise<void> {
    const taken: Untold[] = [];
    const said = [...this.#waiting].flatMap(notes => {
      const note = notes.take();
      if (note === undefined) return [];
      taken.push(notes);
      return [note];
    });
    this.#waiting.clear();
    if (said.length === 0) return;
    try {
      const answers = await this.#options.queue.note(said);
      for (const [index, notes] of taken.entries()) {
        notes.answered(answers[index] ?? { kind: 'lost' });
        if (!notes.isTold) this.tellSoon(notes);
      }
    } catch (error) {
      const away = isOutage(error);
      if (!away) this.#options.onError(error);
      for (const notes of taken) {
        if (away) notes.failed();
        else notes.giveUp();
      }
      if (!away) return;
      await sleep(AGAIN_MS, undefined, { ref: false });
      for (const notes of taken) this.tellSoon(notes);
    }
  }
}
