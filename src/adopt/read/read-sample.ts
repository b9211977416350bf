import type { FoundQueue } from './find-queues.ts';
import type { Reader } from './reader.ts';
import { STATES, type State } from './states.ts';

/** Of one payload: what is longer is counted and not read. */
const MAX_BYTES = 256 * 1024;
/** Of all payloads of one trip, so that no answer is larger than some megabytes. */
const TRIP_BYTES = 2 * 1024 * 1024;

/** One job as it is stored. Its values leave this room as shapes and counts only. */
export interface StoredJob {
  readonly id: string;
  readonly state: State;
  readonly name: string;
  readonly data: unknown;
  readonly options: Readonly<Record<string, unknown>>;
  readonly hasParent: boolean;
  /** Made by a scheduler or a repeatable. */
  readonly isScheduled: boolean;
  /** How those count attempts that have run it: BullMQ 5 does so under a new name. Undefined of a job that was never run. */
  readonly ranUnder: 'bullmq-5-or-newer' | 'bullmq-4-or-older' | undefined;
}

export interface Sample {
  readonly jobs: readonly StoredJob[];
  /** Jobs that were not looked at because their payload is longer than 256 KiB. */
  readonly tooLarge: number;
  /** Jobs whose payload is no JSON. */
  readonly unreadable: number;
}

/** Half of the share of each state from its one end, half from its other: old and new jobs, whatever is stuck in between. */
export async function readSample(
  reader: Reader,
  { prefix, name }: FoundQueue,
  counts: Readonly<Record<State, number>>,
  jobs: number,
): Promise<Sample> {
  const key = (part: string): string => `${prefix}:${name}:${part}`;
  const held = (Object.keys(STATES) as State[]).filter(state => counts[state] > 0);
  if (held.length === 0) return { jobs: [], tooLarge: 0, unreadable: 0 };
  const half = Math.max(1, Math.floor(jobs / held.length / 2));
  const ends = await reader.read(commands => {
    for (const state of held) {
      for (const [from, to] of [
        [0, half - 1],
        [-half, -1],
      ] as const) {
        if (STATES[state] === 'list') commands.lrange(key(state), from, to);
        else commands.zrange(key(state), String(from), String(to));
      }
    }
  });
  const states = new Map<string, State>();
  for (const [index, ids] of (ends as readonly (readonly string[])[]).entries()) {
    const state = held[Math.floor(index / 2)];
    // The marker of BullMQ 4 and older stands among the ids.
    for (const id of ids) if (state !== undefined && !id.startsWith('0:')) states.set(id, state);
  }
  return readJobs(reader, key, states);
}

async function readJobs(
  reader: Reader,
  key: (part: string) => string,
  states: ReadonlyMap<string, State>,
): Promise<Sample> {
  const ids = [...states.keys()];
  const lengths = (await reader.read(commands => {
    for (const id of ids) commands.hstrlen(key(id), 'data');
  })) as readonly number[];
  const small = ids.filter((_, index) => (lengths[index] ?? 0) <= MAX_BYTES);
  const sizes = new Map(ids.map((id, index) => [id, lengths[index] ?? 0]));
  const jobs: StoredJob[] = [];
  let unreadable = 0;
  for (const trip of trips(small, id => sizes.get(id) ?? 0)) {
    const rows = await reader.read(commands => {
      for (const id of trip) commands.hmget(key(id), 'name', 'data', 'opts', 'parentKey', 'rjk', 'ats', 'attemptsMade');
    });
    for (const [index, id] of trip.entries()) {
      const state = states.get(id);
      const job = state === undefined ? undefined : parsed(id, state, rows[index] as readonly (string | null)[]);
      if (job === 'unreadable') unreadable += 1;
      else if (job !== undefined) jobs.push(job);
    }
  }
  return { jobs, tooLarge: ids.length - small.length, unreadable };
}

function* trips(ids: readonly string[], bytesOf: (id: string) => number): Generator<readonly string[]> {
  let trip: string[] = [];
  let bytes = 0;
  for (const id of ids) {
    if (trip.length > 0 && (bytes + bytesOf(id) > TRIP_BYTES || trip.length >= 200)) {
      yield trip;
      trip = [];
      bytes = 0;
    }
    trip.push(id);
    bytes += bytesOf(id);
  }
  if (trip.length > 0) yield trip;
}

/** Undefined for a job that has gone since its id was read. */
function parsed(
  id: string,
  state: State,
  [name, data, options, parentKey, rjk, started, attempts]: readonly (string | null)[],
): StoredJob | 'unreadable' | undefined {
  if (typeof name !== 'string') return undefined;
  try {
    const stored: unknown = JSON.parse(options ?? '{}');
    const own = typeof stored === 'object' && stored !== null ? (stored as Readonly<Record<string, unknown>>) : {};
    return {
      id,
      state,
      name,
      data: JSON.parse(data ?? 'null') as unknown,
      options: own,
      hasParent: Boolean(parentKey),
      isScheduled: Boolean(rjk) || own['repeat'] !== undefined,
      ranUnder: started ? 'bullmq-5-or-newer' : attempts ? 'bullmq-4-or-older' : undefined,
    };
  } catch {
    return 'unreadable';
  }
}
