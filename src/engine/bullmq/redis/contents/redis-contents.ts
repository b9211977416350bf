import { mastersOf, type RedisClient, type RedisKeys } from '../../../../redis/index.ts';
import {
  headOf,
  type EngineSpace,
  type JobKind,
  type QueueContents,
  type QueueHead,
  type QueueSpace,
} from '../../../contents/index.ts';
import { HELD_PRIORITY, PARKED_PRIORITY, pausedGroup, type PausedGroup } from '../../../turns/index.ts';
import { readOptions } from '../turns/options.ts';
import { Script } from '../turns/script.ts';
import { CONTENTS_SCRIPT } from './contents-script.ts';
import { SPACE_SCRIPT } from './space-script.ts';

/** Queues that one script looks at: for a hundred it takes a Redis about a millisecond. */
const AT_ONCE = 50;
const HELD_SCORE = HELD_PRIORITY * 2 ** 32;

/** What queues hold, as BullMQ 6.7 lays it out: on one Redis a command for all of them, on a cluster one for each. */
export class RedisContents {
  readonly #redis: RedisClient;
  readonly #keys: RedisKeys;
  readonly #contents: Script;
  readonly #space: Script;

  constructor(redis: RedisClient, keys: RedisKeys) {
    this.#redis = redis;
    this.#keys = keys;
    this.#contents = new Script(redis, CONTENTS_SCRIPT);
    this.#space = new Script(redis, SPACE_SCRIPT);
  }

  async contents(queues: readonly string[], priorities: readonly number[]): Promise<readonly QueueContents[]> {
    const wanted = [0, PARKED_PRIORITY, HELD_PRIORITY].flatMap(band => priorities.map(priority => band + priority));
    const answers = await this.#ask(this.#contents, queues, [HELD_SCORE, ...wanted]);
    return queues.map((name, at) => contentsIn(name, listOf(answers[at])));
  }

  async space(queues: readonly string[]): Promise<EngineSpace> {
    const [fullest, answers] = await Promise.all([this.#fullest(), this.#ask(this.#space, queues, [])]);
    return { ...fullest, queues: queues.map((name, at) => spaceIn(name, listOf(answers[at]))) };
  }

  async #ask(script: Script, queues: readonly string[], args: readonly number[]): Promise<readonly unknown[]> {
    const prefixes = await Promise.all(queues.map(async queue => `${await this.#keys.prefixOf(queue)}:${queue}:`));
    const most = this.#redis.isCluster ? 1 : AT_ONCE;
    const asked: Promise<unknown>[] = [];
    for (let at = 0; at < prefixes.length; at += most) asked.push(script.run(prefixes.slice(at, at + most), args));
    return (await Promise.all(asked)).flatMap(listOf);
  }

  /** Of a cluster that master which has the least room: it is the first that takes no more. */
  async #fullest(): Promise<Omit<EngineSpace, 'queues'>> {
    const infos = await Promise.all(mastersOf(this.#redis).map(async server => spaceOf(await server.info('memory'))));
    const share = ({ usedBytes, limit }: Omit<EngineSpace, 'queues'>): number => usedBytes / (limit?.bytes ?? Infinity);
    return infos.toSorted((a, b) => share(b) - share(a))[0] ?? { usedBytes: 0, limit: undefined };
  }
}

function spaceOf(info: string): Omit<EngineSpace, 'queues'> {
  const number = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  const [usedBytes, most, machine] = [number('used_memory'), number('maxmemory'), number('total_system_memory')];
  if (most > 0) return { usedBytes, limit: { bytes: most, of: 'maxmemory' } };
  return { usedBytes, limit: machine > 0 ? { bytes: machine, of: 'machine' } : undefined };
}

function spaceIn(name: string, answer: readonly unknown[]): QueueSpace {
  const [waiting, running, delayed, succeeded, dead, events] = answer.map(Number);
  const bytes = { waiting, running, delayed, succeeded, dead, events };
  return { name, bytes: mapped(bytes) };
}

function mapped<Name extends string>(numbers: Readonly<Record<Name, number | undefined>>): Record<Name, number> {
  const known = Object.entries(numbers).map(([name, value]) => [name, value ?? 0]);
  return Object.fromEntries(known) as Record<Name, number>;
}

function contentsIn(name: string, answer: readonly unknown[]): QueueContents {
  const [paused, waiting, held, running, delayed, succeeded, dead] = answer.slice(0, 7).map(Number);
  const counts: Record<JobKind | 'held', number> = mapped({ waiting, held, running, delayed, succeeded, dead });
  return {
    name,
    paused: paused === 1,
    groups: groupsIn(listOf(answer[7]).map(String)),
    counts,
    isEstimate: false,
    heads: listOf(answer[8]).flatMap(head => headIn(listOf(head))),
  };
}

/** Names and pauses in turns. */
function groupsIn(flat: readonly string[]): readonly PausedGroup[] {
  const groups: PausedGroup[] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) {
    const [until, probes] = (flat[at + 1] ?? '').split(':');
    groups.push(pausedGroup(flat[at] ?? '', Number(until), probes === '1'));
  }
  return groups;
}

function headIn([
  kind,
  priority,
  timestamp,
  delay,
  opts,
  processedOn,
  progress,
]: readonly unknown[]): readonly QueueHead[] {
  try {
    return headOf({
      isDelayed: kind === 'delayed',
      isHeld: Number(priority) >= HELD_PRIORITY,
      timestamp,
      delay,
      optsDelay: readOptions(String(opts || '{}')).delay,
      processedOn,
      progress: JSON.parse(String(progress || '0')) as unknown,
    });
  } catch {
    return [];
  }
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
