import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Another client of a Redis, in a process of its own: see probe.ts. */
export interface Probe {
  readonly pid: number | undefined;
  begin(): Promise<void>;
  /** What it has waited since, milliseconds each. */
  end(): Promise<readonly number[]>;
  close(): Promise<void>;
}

export async function startProbe(url: string): Promise<Probe> {
  const child = fork(fileURLToPath(new URL('probe.ts', import.meta.url)), [url], { execArgv: ['--no-warnings'] });
  const ask = async (word: 'begin' | 'end' | 'close'): Promise<readonly number[]> => {
    const answer = once(child, 'message');
    child.send(word);
    const [waits]: readonly unknown[] = await answer;
    return waits as readonly number[];
  };
  await once(child, 'message');
  return {
    pid: child.pid,
    begin: async () => void (await ask('begin')),
    end: () => ask('end'),
    async close() {
      const exit = once(child, 'exit');
      await ask('close');
      await exit;
    },
  };
}
