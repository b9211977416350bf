import type { Duplex } from 'node:stream';

/** What the thread beside a worker's main thread answers; one JSON line each. */
export type FromBeside = { readonly id: number; readonly stack?: readonly string[] };
/** `p`: are you there? `w`: where does the main thread's code stand? One line each, with the id of the question. */
export type Question = 'p' | 'w';

/** What of an answer that has not ended is kept. */
const LONGEST = 65_536;

/** The supervisor's end of the pipe to the thread that a worker has beside its main thread. */
export class Beside {
  readonly #pipe: Duplex | undefined;
  readonly #waiting = new Map<number, (answer: FromBeside | undefined) => void>();
  #asked = 0;
  #rest = '';

  constructor(pipe: Duplex | undefined) {
    this.#pipe = pipe;
    // A worker that dies breaks it; its end is reported elsewhere.
    pipe?.on('error', () => undefined);
    pipe?.setEncoding('utf8');
    pipe?.on('data', (text: string) => this.#read(text));
  }

  /** Whether that thread answers. */
  async answers(withinMs: number): Promise<boolean> {
    return (await this.#ask('p', withinMs)) !== undefined;
  }

  /** Functions and positions, the innermost first; empty when the code cannot say: it is in a call that does not return. */
  async where(withinMs: number): Promise<readonly string[]> {
    return (await this.#ask('w', withinMs))?.stack ?? [];
  }

  #ask(question: Question, withinMs: number): Promise<FromBeside | undefined> {
    const id = (this.#asked += 1);
    return new Promise(resolve => {
      const done = (answer: FromBeside | undefined): void => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(answer);
      };
      const timer = setTimeout(done, withinMs, undefined);
      this.#waiting.set(id, done);
      if (this.#pipe?.writable) this.#pipe.write(`${question}${id}\n`);
      else done(undefined);
    });
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = (lines.pop() ?? '').slice(-LONGEST);
    for (const line of lines) {
      const answer = answerIn(line);
      if (answer !== undefined) this.#waiting.get(answer.id)?.(answer);
    }
  }
}

function answerIn(line: string): FromBeside | undefined {
  try {
    const { id, stack }: Partial<Record<keyof FromBeside, unknown>> = JSON.parse(line);
    if (typeof id !== 'number') return undefined;
    return { id, ...(Array.isArray(stack) && { stack: stack.map(String) }) };
  } catch {
    return undefined;
  }
}
