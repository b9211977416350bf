import type { RedisAddress } from '../config/index.ts';

/**
 * How the keys of an installation are named, in one place. On one Redis they are BullMQ's own, `PREFIX:QUEUE:...`; on a cluster the text in
 * braces says in which slot a key is, and everything that one script touches has the same.
 */
export interface RedisKeys {
  /** BullMQ's prefix for the keys of a queue. */
  prefixOf(queue: string): Promise<string>;
  /** The beginning of keys that are used together and belong to no queue; no queue can have a name that begins with `~`. */
  own(name: string): string;
  /** Whether one script may touch the keys of a queue and such others. */
  readonly together: boolean;
  /** Where each queue has its `meta`, as SCAN finds it, and the name of the queue of such a key. */
  readonly metas: { readonly pattern: string; nameIn(key: string): string | undefined };
}

/** The beginning of all keys that are used together. On a cluster braces put them into one slot. */
export function ownKey({ kind }: Pick<RedisAddress, 'kind'>, name: string): string {
  return kind === 'cluster' ? `{${name}}` : name;
}

/** The keys on one Redis, or on the master that sentinels name. */
export class PlainKeys implements RedisKeys {
  readonly together = true;
  readonly metas: RedisKeys['metas'];
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
    this.metas = {
      pattern: `${prefix}:*:meta`,
      nameIn: key => queueName(key.slice(prefix.length + 1, -':meta'.length)),
    };
  }

  prefixOf(): Promise<string> {
    return Promise.resolve(this.#prefix);
  }

  own(name: string): string {
    return `${this.#prefix}:${name}`;
  }
}

/** A colon is in no queue's name; the platform's own keys begin with a tilde. */
export function queueName(text: string): string | undefined {
  return text === '' || text.startsWith('~') || text.includes(':') ? undefined : text;
}
