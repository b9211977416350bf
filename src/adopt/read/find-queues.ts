import type { Reader } from './reader.ts';

/** Where a queue is: its keys begin with `PREFIX:NAME:`. */
export interface FoundQueue {
  readonly prefix: string;
  readonly name: string;
}

export interface SearchLimits {
  /** Of keys that SCAN looks at. */
  readonly maxKeys: number;
  readonly maxQueues: number;
}

export interface Found {
  readonly queues: readonly FoundQueue[];
  /** False where a limit ended the search: there may be more. */
  readonly whole: boolean;
}

/**
 * Finds the queues of BullMQ and of Bull by the keys that every queue has: `meta` (BullMQ) and the counter of ids, `id` (both).
 * @param progress called with how many keys were looked at
 */
export async function findQueues(
  reader: Reader,
  prefix: string | undefined,
  { maxKeys, maxQueues }: SearchLimits,
  progress: (looked: number, queues: number) => void,
): Promise<Found> {
  const found = new Map<string, FoundQueue>();
  for await (const { keys, looked } of reader.scan(`${prefix === undefined ? '*' : quoted(prefix)}:*[da]`)) {
    for (const queue of keys.flatMap(queueOf)) found.set(`${queue.prefix}:${queue.name}`, queue);
    progress(looked, found.size);
    if (looked >= maxKeys || found.size > maxQueues) {
      return { queues: sorted(found).slice(0, maxQueues), whole: false };
    }
  }
  return { queues: sorted(found), whole: true };
}

/** `bull:mail:meta` is of the queue `mail`: BullMQ takes no colon in a queue's name, and may have one in its prefix. A tilde begins what is ours. */
function queueOf(key: string): readonly FoundQueue[] {
  const [, prefix = '', name = ''] = /^(.+):([^:~][^:]*):(?:meta|id)$/.exec(key) ?? [];
  return name === '' ? [] : [{ prefix, name }];
}

function quoted(text: string): string {
  return text.replace(/[*?[\]\\^]/g, String.raw`\$&`);
}

function sorted(found: ReadonlyMap<string, FoundQueue>): readonly FoundQueue[] {
  return [...found.values()].sort((a, b) => a.prefix.localeCompare(b.prefix) || a.name.localeCompare(b.name));
}
