import { type ParsedArguments, wrongWord } from '../command/index.ts';
import type { App } from '../contracts/index.ts';
import type { Engine } from '../engine/index.ts';

/** `--queue`: of the app, or one that the engine has, such as what a release has left behind. @throws UsageError */
export async function checkQueue(
  engine: Engine,
  app: Pick<App, 'queues'> | undefined,
  { text }: Pick<ParsedArguments, 'text'>,
): Promise<void> {
  const queue = text('queue');
  if (queue === undefined || app?.queues.has(queue) === true) return;
  const others: readonly string[] = await engine.queueNames().catch(() => []);
  if (others.includes(queue)) return;
  const known = [...new Set([...(app?.queues.keys() ?? []), ...others])];
  // Without an app, and where the engine cannot say it, nobody knows better.
  if (known.length > 0) throw wrongWord(`--queue to be one of ${known.join(', ')}`, queue, known);
}
