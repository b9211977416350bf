import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Answer, Ask, Asked, How, Ran, Spent, Start } from './asks.ts';

const PROGRAM = fileURLToPath(new URL('program.ts', import.meta.url));

export interface WorkAsk {
  readonly concurrency: number;
  readonly waitMs?: number;
  readonly queues?: number;
  readonly history?: boolean;
  readonly recording?: boolean;
}

/** A process with a subject, and what can be asked of it. */
export class Program {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #answers = new Map<number, PromiseWithResolvers<unknown>>();
  #asked = 0;
  #ended = false;

  private constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.#child = child;
    child.on('message', (answer: Answer) => {
      const asked = this.#answers.get(answer.id);
      this.#answers.delete(answer.id);
      if ('error' in answer) asked?.reject(new Error(`${name}: ${answer.error}`));
      else asked?.resolve(answer.value);
    });
    child.once('exit', code => {
      this.#ended = true;
      for (const asked of this.#answers.values()) asked.reject(new Error(`${name} ended with ${code}.`));
    });
  }

  /** `module`: a file that exports `open` (see SubjectModule). */
  static async start(name: string, module: string, url: string): Promise<Program> {
    const child = fork(PROGRAM, [module, url], { execArgv: ['--expose-gc', '--no-warnings'] });
    const program = new Program(name, child);
    const ready = Promise.withResolvers<unknown>();
    program.#answers.set(0, ready);
    await ready.promise;
    return program;
  }

  clear(): Promise<unknown> {
    return this.#ask({ ask: 'clear' });
  }

  async add(how: How, jobs: number, { bytes = 0, from = 0 } = {}): Promise<Spent> {
    return (await this.#ask({ ask: 'add', how, jobs, bytes, from })) as Spent;
  }

  /** Adds jobs so many a second. */
  pace(jobs: number, perSecond: number, delayMs = 0): Promise<unknown> {
    return this.#ask({ ask: 'pace', jobs, perSecond, delayMs });
  }

  work({ concurrency, waitMs = 0, queues = 1, history = false, recording = false }: WorkAsk): Promise<unknown> {
    return this.#ask({ ask: 'work', concurrency, waitMs, queues, history, recording });
  }

  async ran(jobs: number): Promise<Ran> {
    return (await this.#ask({ ask: 'ran', jobs })) as Ran;
  }

  async starts(): Promise<readonly Start[]> {
    return (await this.#ask({ ask: 'starts' })) as readonly Start[];
  }

  /** The numbers of jobs whose handlers have ended. */
  async ends(): Promise<readonly number[]> {
    return (await this.#ask({ ask: 'ends' })) as readonly number[];
  }

  stop(): Promise<unknown> {
    return this.#ask({ ask: 'stop' });
  }

  /** As a lost machine would. */
  async kill(): Promise<void> {
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
  }

  async close(): Promise<void> {
    if (this.#ended) return;
    const exit = once(this.#child, 'exit');
    this.#ask({ ask: 'close' }).catch(() => undefined);
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    await exit;
    clearTimeout(late);
  }

  #ask(ask: Ask): Promise<unknown> {
    this.#asked += 1;
    const answer = Promise.withResolvers<unknown>();
    this.#answers.set(this.#asked, answer);
    this.#child.send({ id: this.#asked, ask } satisfies Asked);
    return answer.promise;
  }
}
