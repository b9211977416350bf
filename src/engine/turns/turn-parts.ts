/** More than a sender ever has under way. */
const TURNS_AT_MOST = 16;

/**
 * What the parts of a turn have answered that takes more than one trip, until the whole is answered: a turn that comes again, because an answer was
 * lost in the middle, goes on from there. What was written before would be told as no longer its own.
 */
export class TurnParts<Answer> {
  readonly #turns = new Map<string, Map<string, Answer>>();

  get(turn: string, part: string): Answer | undefined {
    return this.#turns.get(turn)?.get(part);
  }

  set(turn: string, part: string, answer: Answer): void {
    const parts = this.#turns.get(turn);
    if (parts !== undefined) {
      parts.set(part, answer);
      return;
    }
    // One that nobody sends again any more.
    const [oldest] = this.#turns.size < TURNS_AT_MOST ? [] : this.#turns.keys();
    if (oldest !== undefined) this.#turns.delete(oldest);
    this.#turns.set(turn, new Map([[part, answer]]));
  }

  forget(turn: string): void {
    this.#turns.delete(turn);
  }
}
