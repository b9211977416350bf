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
  const others: readonly string[] | undefined = await engine.queueNames().catch(() => undefined);
  // An engine that cannot say it is no reason to say anything.
  if (others === undefined || others.includes(queue)) return;
  const known = [...new Set([...(app?.queues.keys() ?? []), ...others])];
  throw wrongWord(`--queue to be one of ${known.length === 0 ? 'none' : known.join(', ')}`, queue, known);
}
