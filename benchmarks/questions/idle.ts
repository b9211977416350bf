import { setTimeout as pause } from 'node:timers/promises';
import type { Server } from '../servers.ts';
import { startSubject, type SubjectName } from '../subjects/start-subject.ts';

/** What one process costs that works on many queues in which there is nothing. */
export interface Idle {
  readonly subject: string;
  readonly queues: number;
  readonly commandsPerSecond: number;
  readonly connections: number;
}

const QUEUES = 50;
const SETTLED_MS = 3_000;
/** As long as a few of the slowest rounds of anything that looks from time to time. */
const WATCHED_MS = 15_000;

/** All subjects are watched one after the other. */
export async function idle(server: Server, subjects: readonly SubjectName[]): Promise<readonly Idle[]> {
  const found: Idle[] = [];
  for (const subject of subjects) {
    const program = await startSubject(subject, server.url);
    await program.clear();
    // Those of the program that it has for adding and for this benchmark.
    const before = await server.connections();
    await program.work({ concurrency: 10, queues: QUEUES });
    await pause(SETTLED_MS);
    const commands = await server.commands();
    const begun = performance.now();
    await pause(WATCHED_MS);
    const done = (await server.commands()) - commands - 1;
    const seconds = (performance.now() - begun) / 1_000;
    const connections = (await server.connections()) - before;
    found.push({ subject, queues: QUEUES, commandsPerSecond: done / seconds, connections });
    await program.close();
  }
  return found;
}
