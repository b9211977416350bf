import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Order } from './jobs.ts';

/** A program of either side, which does what it is told, one order after the other or several at once. */
export class Program {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #said = '';
  #count = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (message: { readonly number: number; readonly answer?: unknown; readonly error?: string }) => {
      const waiting = this.#waiting.get(message.number);
      this.#waiting.delete(message.number);
      if (message.error === undefined) waiting?.resolve(message.answer);
      else waiting?.reject(new Error(message.error));
    });
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (text: Buffer) => (this.#said += String(text)));
    child.once('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`It ended. It said:\n${this.#said}`));
    });
  }

  static async start(file: string, env: NodeJS.ProcessEnv, folder: string): Promise<Program> {
    const program = new Program(
      fork(file, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], execArgv: [] }),
    );
    await program.#answer(0);
    return program;
  }

  /** Resolves with what the program answers. */
  async tell(order: Order): Promise<unknown> {
    const number = (this.#count += 1);
    const answer = this.#answer(number);
    this.#child.send({ ...order, number });
    return answer;
  }

  #answer(number: number): Promise<unknown> {
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(number, waiting);
    return waiting.promise;
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await exit;
  }
}
