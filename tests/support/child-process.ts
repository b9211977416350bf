import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { descendantsOf, isAlive } from './process-tree.ts';

export interface TestProcess {
  readonly pid: number;
  /** Everything it has printed, on both streams, oldest first. */
  readonly lines: readonly string[];
  /** The first line, printed already or later, that matches. Rejects when the process ends without it. */
  line(matches: RegExp): Promise<string>;
  kill(signal: NodeJS.Signals): void;
  /** The exit code, or the signal's name. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

export interface TestProcessOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: string;
}

/**
 * What every program of a test is given. Half of what a start costs is compiling: measured, 0.9 s of CPU instead of 1.5 s for the command
 * line where the folder holds it already. Its entries are named by their content.
 */
export function programEnvironment(): Record<string, string> {
  const { PATH = '', HOME = '' } = process.env;
  const compiled = fileURLToPath(new URL('../../node_modules/.cache/compiled', import.meta.url));
  return { PATH, HOME, NODE_NO_WARNINGS: '1', NODE_COMPILE_CACHE: compiled };
}

/** Those that have not ended yet. */
const living = new Set<number>();

/** Kills what tests have started and not ended, as a test that fails leaves it, and what that has started. At the end of each file, and of this process. */
export function endLeftProcesses(): void {
  for (const pid of living) {
    // Their parent first: it must not start another meanwhile.
    for (const each of [pid, ...descendantsOf(pid)]) if (isAlive(each)) process.kill(each, 'SIGKILL');
  }
  living.clear();
}
process.once('exit', endLeftProcesses);

/** Runs a file of this project with this Node, in an environment that holds what is given and little else. */
export function startProcess(file: string, { args = [], env = {}, cwd, input }: TestProcessOptions = {}): TestProcess {
  const child = spawn(process.execPath, [file, ...args], {
    env: { ...programEnvironment(), ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(cwd !== undefined && { cwd }),
  });
  const pid = child.pid ?? -1;
  if (child.pid !== undefined) living.add(pid);
  child.once('exit', () => living.delete(pid));
  child.stdin.end(input);
  const lines: string[] = [];
  const listeners = new Set<(line: string) => void>();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', line => {
      lines.push(line);
      for (const listener of listeners) listener(line);
    });
  }
  // 'close' comes after the last line, 'exit' may come before it.
  const ended = once(child, 'close').then(([code, signal]: unknown[]) => (code ?? signal) as number | NodeJS.Signals);
  return {
    pid,
    lines,
    ended,
    kill: signal => void child.kill(signal),
    line: matches =>
      new Promise((resolve, reject) => {
        const seen = lines.find(line => matches.test(line));
        if (seen !== undefined) return resolve(seen);
        const listen = (line: string): void => {
          if (!matches.test(line)) return;
          listeners.delete(listen);
          resolve(line);
        };
        listeners.add(listen);
        void ended.then(code =>
          reject(
            new Error(`The process ended with ${code} before it printed ${matches}:\n${lines.slice(-30).join('\n')}`),
          ),
        );
      }),
  };
}
