import type { RedisClient, RedisKeys } from '../../../redis/index.ts';
import type { NewFlow } from '../../turns/index.ts';
import { Script } from './turns/script.ts';
import { TAG_INDEX, TAG_SCRIPT } from './turns/scripts/tag-scripts.ts';

interface Tagged {
  readonly id: string;
  readonly tags: string;
}

/** A thousand jobs in one script. */
const AT_ONCE = 1_000;

/**
 * Puts the jobs of a flow into the indexes of tags of their queues: BullMQ's own script, which adds them, knows of none. `add` is called in between. What
 * is written before it is found though this process is killed after it; what somebody has dropped meanwhile, as there was no such job, is written again.
 */
export async function addTagged(
  commands: RedisClient,
  keys: RedisKeys,
  flow: NewFlow,
  add: () => Promise<void>,
): Promise<void> {
  const tagged = Map.groupBy(taggedIn(flow), ({ queue }) => queue);
  if (tagged.size === 0) return add();
  const script = new Script(commands, TAG_SCRIPT);
  const write = async (mayBeMissing: boolean): Promise<void> => {
    for (const [queue, jobs] of tagged) {
      const prefix = `${await keys.prefixOf(queue)}:${queue}:`;
      for (let at = 0; at < jobs.length; at += AT_ONCE) {
        const args = jobs.slice(at, at + AT_ONCE).flatMap(({ id, tags }) => [id, tags]);
        await script.run([prefix + TAG_INDEX], [prefix, mayBeMissing ? 1 : 0, ...args]);
      }
    }
  };
  await write(true);
  await add();
  await write(false);
}

function taggedIn({ queue, job, children }: NewFlow): readonly (Tagged & { readonly queue: string })[] {
  const { tg } = job.opts;
  const own = typeof tg === 'string' ? [{ queue, id: job.id, tags: tg }] : [];
  return [...own, ...children.flatMap(taggedIn)];
}
