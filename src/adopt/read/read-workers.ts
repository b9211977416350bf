import type { FoundQueue } from './find-queues.ts';
import type { Reader } from './reader.ts';

/**
 * How many workers are connected for each queue, by the names of their connections: `PREFIX:base64(NAME)`, and `:w:WORKER` behind it where the worker
 * has a name. Undefined where the user may not list connections.
 */
export async function readWorkers(reader: Reader): Promise<((queue: FoundQueue) => number) | undefined> {
  const names = await reader.connectionNames();
  if (names === undefined) return undefined;
  return ({ prefix, name }) => {
    const own = `${prefix}:${Buffer.from(name).toString('base64')}`;
    return names.filter(found => found === own || found.startsWith(`${own}:w:`)).length;
  };
}
