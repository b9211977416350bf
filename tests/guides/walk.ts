import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Block } from './blocks.ts';

export interface WalkOptions {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** What is written otherwise than on the page: `[on the page, here]`. */
  readonly instead: readonly (readonly [string, string])[];
}

const WELCOMED = 'A welcome to u1, attempt 1.';
/** A reader would have given up before. */
const PATIENCE_MS = 300_000;
const LAST_WORDS_MS = 2_000;

/** One reader, who does what a guide says, block by block, in a folder of their own. */
export class Walk implements AsyncDisposable {
  readonly #options: WalkOptions;
  readonly #left: ChildProcess[] = [];
  #said = '';
  #env: NodeJS.ProcessEnv;
  #installMs = 0;
  readonly #begunAt = Date.now();

  constructor(options: WalkOptions) {
    this.#options = options;
    this.#env = options.env;
  }

  /** Everything that the commands have printed so far. */
  get said(): string {
    return this.#said;
  }

  /** Since the beginning, without what the network took. */
  get seconds(): number {
    return (Date.now() - this.#begunAt - this.#installMs) / 1_000;
  }

  async take(block: Block): Promise<void> {
    if (block.kind === 'file') this.#write(block.path, block.text);
    else for (const line of block.lines) await this.#run(line);
  }

  /** Waits until the handler of the guide has done its first job. */
  async welcomed(): Promise<void> {
    const until = Date.now() + PATIENCE_MS;
    while (!this.#said.includes(WELCOMED)) {
      const [ended] = this.#left.filter(({ exitCode }) => exitCode !== null);
      if (ended !== undefined || Date.now() > until) throw new Error(`no job was done. It said:\n${this.#said}`);
      await pause(50);
    }
  }

  #write(path: string, text: string): void {
    const file = join(this.#options.folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, this.#adapted(text));
  }

  async #run(written: string): Promise<void> {
    const line = this.#adapted(written);
    const [, name, value] = /^export (\w+)=(.*)$/.exec(line) ?? [];
    if (name !== undefined) this.#env = { ...this.#env, [name]: value };
    else if (line.endsWith(' &')) this.#left.push(this.#start(`exec ${line.slice(0, -2)}`));
    else if (line.includes('THE_ID_THAT_IT_PRINTED')) await this.#lookAtTheJob(line);
    else {
      const begunAt = Date.now();
      await this.#finish(line);
      if (/^npm (init|pkg|install)\b/.test(line)) this.#installMs += Date.now() - begunAt;
    }
  }

  async #lookAtTheJob(line: string): Promise<void> {
    await this.welcomed();
    const [id = ''] = /\bemail-[0-9a-z]+-[0-9a-z]+\b/.exec(this.#said) ?? [];
    const until = Date.now() + PATIENCE_MS;
    do {
      if (Date.now() > until) throw new Error(`job ${id} is not told to have succeeded. It said:\n${this.#said}`);
      await this.#finish(line.replace('THE_ID_THAT_IT_PRINTED', id));
    } while (!/\bsucceeded\b/.test(this.#said));
  }

  async #finish(line: string): Promise<void> {
    // A reader waits until the server listens; this one is quicker.
    const patient = line.replace(
      /^curl /,
      'curl -sS --fail-with-body --retry 240 --retry-connrefused --retry-delay 1 ',
    );
    const child = this.#start(patient);
    const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
    // 'close' comes after its last line, 'exit' may come before it: why it failed would not be told. What it has left behind may hold its streams.
    const closed = once(child, 'close');
    const [code] = (await once(child, 'exit')) as unknown[];
    clearTimeout(timer);
    await Promise.race([closed, pause(LAST_WORDS_MS, undefined, { ref: false })]);
    if (code !== 0) throw new Error(`"${line}" ended with ${String(code)}. It said:\n${this.#said}`);
  }

  #start(line: string): ChildProcess {
    const child = spawn('bash', ['-c', line], {
      cwd: this.#options.folder,
      env: this.#env,
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own: what it has started ends with it.
      detached: true,
    });
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text: Buffer) => (this.#said += String(text)));
    return child;
  }

  #adapted(text: string): string {
    return this.#options.instead.reduce((sum, [written, here]) => sum.replaceAll(written, here), text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#left) await end(child);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  const running = child.exitCode === null && child.signalCode === null;
  const exit = running ? once(child, 'exit') : undefined;
  signal(child.pid, 'SIGTERM');
  await Promise.race([exit, pause(30_000, undefined, { ref: false })]);
  signal(child.pid, 'SIGKILL');
}

/** The whole group, where any of it is left. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(-pid, name);
  } catch {
    // Nothing of it is left.
  }
}
