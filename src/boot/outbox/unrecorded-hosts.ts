import type { Engine } from '../../engine/index.ts';
import { noteUnrecorded, type Sql } from '../../outbox/index.ts';
import { readFleet } from '../../runtime/index.ts';

/** Hosts that work now and have said that they record no ends. */
export async function unrecordedHosts(engine: Engine): Promise<readonly string[]> {
  const { hosts } = await readFleet(engine);
  return hosts.filter(({ recordsEnds }) => recordsEnds === false).map(({ name }) => name);
}

const EVERY_MS = 5_000;

/** Remembers them in the outbox again and again, for whoever reconciles when they are gone. Answers what stops it. */
export function watchUnrecorded(engine: Engine, sql: Sql, namespace: string | undefined): () => void {
  const note = async (): Promise<void> => noteUnrecorded(sql, await unrecordedHosts(engine), namespace);
  // What is away now is asked again the next time.
  const timer = setInterval(() => void note().catch(() => undefined), EVERY_MS);
  timer.unref();
  void note().catch(() => undefined);
  return () => clearInterval(timer);
}
