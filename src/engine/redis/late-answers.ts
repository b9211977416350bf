import type { Command } from 'ioredis';

/**
 * Rejects commands that have no answer in time, also those that wait for a connection. It counts the ticks of whoever calls it instead of the time, so
 * that a process that was stopped for a while does not take its own absence for Redis's; one timer for all is what makes it cheap.
 */
export class LateAnswers {
  readonly #ticks: number;
  /** Sent since the last tick. */
  #sent: Command[] = [];
  /** Per tick, the newest last: those that had no answer at its end. */
  #waiting: Command[][] = [];

  constructor(ticks: number) {
    this.#ticks = ticks;
  }

  get none(): boolean {
    return this.#waiting.length === 0;
  }

  sent(command: Command): void {
    this.#sent.push(command);
  }

  tick(): void {
    this.#waiting.push(this.#sent.filter(command => !command.isSettled));
    this.#sent = [];
    if (this.#waiting.length > this.#ticks) {
      for (const command of this.#waiting.shift() ?? []) {
        if (!command.isSettled) command.reject(timedOut('Command timed out'));
      }
    }
    if (this.#waiting.every(batch => batch.every(command => command.isSettled))) this.#waiting = [];
  }
}

export function timedOut(message: string): Error {
  return Object.assign(new Error(message), { code: 'ETIMEDOUT' });
}
