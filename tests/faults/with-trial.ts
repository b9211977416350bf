import { startPostgres } from '../support/postgres-server.ts';
import { startRedis } from '../support/redis-server.ts';
import { Trial, type BreakableEngine } from './trial.ts';

/** Runs one trial on an engine of its own. What was acknowledged is on disk: that a default may lose a second is not the question. */
export async function withTrial<Value>(
  kind: BreakableEngine['kind'],
  { seed, scale }: { readonly seed: number; readonly scale: number },
  run: (trial: Trial) => Promise<Value>,
): Promise<Value> {
  const server = kind === 'redis' ? await startRedis({ config: { appendfsync: 'always' } }) : await startPostgres();
  const trial = new Trial(
    {
      kind,
      url: server.url,
      kill: () => server.kill(),
      restart: () => server.restart(),
      pause: () => server.pause(),
      resume: () => server.resume(),
    },
    seed,
    scale,
  );
  try {
    await trial.open();
    return await run(trial);
  } catch (cause) {
    throw new Error(trial.story(), { cause });
  } finally {
    await trial.close();
    await server.stop();
  }
}
