import { fork, type ChildProcess } from 'node:child_process';
import { Duplex } from 'node:stream';
import { compileCacheVariables } from './compile-cache.ts';
import type { Variables } from '../../../config/index.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import { Beside } from '../watch/beside.ts';

export interface WorkerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** How to run this program again as a worker: its own entry file and arguments. */
export interface WorkerProgram {
  readonly file: string;
  readonly args: readonly string[];
  /** Its environment; this process's own when left out. */
  readonly variables?: Variables | undefined;
}

type Load = Pick<Extract<FromWorker, { kind: 'load' }>, 'megabytes' | 'figures'>;

/** One worker process of a supervisor. */
export class ChildWorker {
  readonly name: string;
  /** By `performance.now()`. */
  readonly startedAt = performance.now();
  readonly exited: Promise<WorkerExit>;
  /** Answers when its main thread does not. */
  readonly beside: Beside;
  readonly #process: ChildProcess;
  readonly #answers = new Map<number, (value: unknown) => void>();
  #asked = 0;
  #ready = false;
  #leaving = false;
  #load: Load | undefined;
  #quiet = false;
  #gone = false;
  #killedAs: 'guilty' | 'innocent' | undefined;

  constructor(name: string, { file, args, variables }: WorkerProgram, onMessage: (message: FromWorker) => void) {
    this.name = name;
    this.#process = fork(file, [...args, '--supervised', name], {
      // One log stream: lines of up to 4 KiB are written whole, also by several processes into one pipe.
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', 'pipe'],
      ...(variables !== undefined && { env: { ...variables, ...compileCacheVariables(variables) } }),
    });
    const pipe = this.#process.stdio[4];
    this.beside = new Beside(pipe instanceof Duplex ? pipe : undefined);
    this.#process.on('message', (message: FromWorker) => {
      if (message.kind === 'ready') this.#ready = true;
      if (message.kind === 'load') this.#load = message;
      if (message.kind === 'answer') this.#answers.get(message.id)?.(message.value);
      else onMessage(message);
    });
    this.exited = new Promise(resolve => {
      this.#process.once('exit', (code, signal) => {
        this.#gone = true;
        resolve({ code, signal });
      });
      this.#process.once('error', () => {
        if (this.#process.pid !== undefined) return;
        this.#gone = true;
        resolve({ code: null, signal: null });
      });
    });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** It works on every queue. */
  get ready(): boolean {
    return this.#ready;
  }

  /** It was asked to stop: its end is no accident. */
  get leaving(): boolean {
    return this.#leaving;
  }

  /** What it has said of itself last; undefined before that. */
  get load(): Load | undefined {
    return this.#load;
  }

  /** Whether it was told to take no new jobs. */
  get quiet(): boolean {
    return this.#quiet;
  }

  setQuiet(on: boolean): void {
    this.#quiet = on;
    this.send({ kind: 'quiet', on });
  }

  get gone(): boolean {
    return this.#gone;
  }

  send(message: ToWorker): void {
    if (message.kind === 'stop') this.#leaving = true;
    // A worker that has just ended hears nothing; its exit is on the way.
    if (this.#process.connected) this.#process.send(message, () => undefined);
  }

  /** Undefined when there was no answer in time. */
  ask(what: string, withinMs: number): Promise<unknown> {
    const id = (this.#asked += 1);
    return new Promise(resolve => {
      const timer = setTimeout(answered, withinMs, undefined);
      const answers = this.#answers;
      function answered(value: unknown): void {
        clearTimeout(timer);
        answers.delete(id);
        resolve(value);
      }
      answers.set(id, answered);
      this.send({ kind: 'ask', id, what });
    });
  }

  /** Whether what it ran was to blame, where it was killed from here. */
  get killedAs(): 'guilty' | 'innocent' | undefined {
    return this.#killedAs;
  }

  kill(as: 'guilty' | 'innocent'): void {
    this.#killedAs ??= as;
    this.#process.kill('SIGKILL');
  }
}
