import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { patiently } from './patiently.ts';
import { command } from './sides.ts';

/** `shiftwork work` on some queues, as the guide says to start it. */
export class OurWorkers {
  readonly #child: ChildProcess;
  #said = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (text: Buffer) => (this.#said += String(text)));
  }

  static async start(
    ours: string,
    folder: string,
    env: NodeJS.ProcessEnv,
    queues: readonly string[],
  ): Promise<OurWorkers> {
    const workers = new OurWorkers(
      spawn(command(ours), ['work', '--app', 'our.config.ts'], {
        cwd: folder,
        env: {
          ...env,
          WORKER_QUEUES: queues.join(','),
          WORKER_PROCESSES: '1',
          WORKER_CONCURRENCY: '2',
          LOG_LEVEL: 'info',
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    );
    try {
      // Each queue is being worked on then.
      await patiently(
        'our workers to be ready',
        () => workers.#child.exitCode !== null || workers.#said.includes('worker.started'),
      );
    } catch (error) {
      workers.#child.kill('SIGTERM');
      throw error;
    }
    if (workers.#child.exitCode !== null) throw new Error(`Our workers ended:\n${workers.#said}`);
    return workers;
  }

  /** As a deploy would. @throws where they did not end in order */
  async stop(): Promise<void> {
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const [code] = (await exit) as unknown[];
    if (code !== 0) throw new Error(`Our workers ended with ${String(code)}:\n${this.#said}`);
  }
}
