import { contractGroup, type Engine, type PausedGroup, type QueueContents } from '../../engine/index.ts';
import { openState, type StateStore } from '../../state/index.ts';

/** What a pause is of: a queue, of it the jobs of a contract, or those of a group (`NAME=VALUE`, or `NAME` for all of a limit). */
export interface PauseOf {
  readonly queue: string;
  readonly contract?: string;
  readonly group?: string;
}

/** Why work is held back. */
export interface Pause {
  readonly of: PauseOf;
  /** A person or a program, who resumes it too; a breaker, which resumes it when the far side is well; or that workers lack a key of PAYLOAD_KEYS. */
  readonly kind: 'person' | 'breaker' | 'key';
  /** Who paused it; undefined of a breaker, and where another program did. */
  readonly by: string | undefined;
  readonly reason: string | undefined;
  /** Milliseconds since 1970. */
  readonly since: number | undefined;
  /** When it is over, or one job tries whether it may be; undefined where somebody has to resume it. */
  readonly until: number | undefined;
  /** The id of the key that is missing. */
  readonly keyId?: string;
}

/** What is known of who paused, by queue or `QUEUE/GROUP`: that something is paused is known by the engine. */
export interface PauseNote {
  readonly by: string;
  readonly reason: string | undefined;
  readonly at: number;
  /** Of a contract whose key a worker lacks. */
  readonly keyId?: string | undefined;
}

export const PAUSES = 'pause';

export function noteName(queue: string, group: string | undefined): string {
  return group === undefined ? queue : `${queue}/${group}`;
}

/** Every pause of these queues, in two trips for all of them. */
export async function readPauses(engine: Engine, queues: Iterable<string>): Promise<readonly Pause[]> {
  const [contents, notes] = await Promise.all([engine.contents([...queues], []), openState(engine).then(readNotes)]);
  return contents.flatMap(each => pausesIn(each, notes, engine.clock.now()));
}

export function pausesIn(
  { name, paused, groups }: Pick<QueueContents, 'name' | 'paused' | 'groups'>,
  notes: ReadonlyMap<string, PauseNote>,
  now: number,
): readonly Pause[] {
  const whole = paused ? [pauseOf({ queue: name }, notes.get(noteName(name, undefined)), undefined)] : [];
  const lacking = lackingKeys(name, notes, now).filter(
    ({ of }) => !groups.some(({ group }) => of.contract !== undefined && group === contractGroup(of.contract)),
  );
  return [...whole, ...groups.map(group => groupPause(name, group, notes)), ...lacking];
}

/** Between two looks for a key nothing is paused for a moment: that is no end of it. */
const BETWEEN_LOOKS_MS = 45_000;

function lackingKeys(queue: string, notes: ReadonlyMap<string, PauseNote>, now: number): readonly Pause[] {
  return [...notes].flatMap(([name, note]) => {
    if (note.keyId === undefined || now - note.at > BETWEEN_LOOKS_MS || !name.startsWith(`${queue}/`)) return [];
    const of = { queue, ...partOf(name.slice(queue.length + 1)) };
    return [{ ...pauseOf(of, note, note.at), kind: 'key', keyId: note.keyId }];
  });
}

/** Those of which somebody has paused all or a part: other programs' among them. */
export async function notedQueues(engine: Engine): Promise<readonly string[]> {
  const notes = await readNotes(await openState(engine));
  return [...notes.keys()].map(name => name.split('/', 1)[0] ?? name);
}

export function groupPause(queue: string, paused: PausedGroup, notes: ReadonlyMap<string, PauseNote>): Pause {
  const { group, by, until } = paused;
  const isForGood = until >= Number.MAX_SAFE_INTEGER;
  const note = by === 'person' ? notes.get(noteName(queue, group)) : undefined;
  const pause = pauseOf({ queue, ...partOf(group) }, note, isForGood ? undefined : until);
  // A person who paused it meanwhile has taken its place.
  return note?.keyId === undefined || isForGood ? { ...pause, kind: by } : { ...pause, kind: 'key', keyId: note.keyId };
}

export function pauseOf(of: PauseOf, note: PauseNote | undefined, until: number | undefined): Pause {
  return { of, kind: 'person', by: note?.by, reason: note?.reason, since: note?.at, until };
}

export async function readNotes(state: StateStore): Promise<ReadonlyMap<string, PauseNote>> {
  const entries = await state.list(PAUSES);
  return new Map(entries.flatMap(({ name, value }) => (isNote(value) ? [[name, value] as const] : [])));
}

/** The engine's name for it, in the words of whoever asks. */
function partOf(group: string): Omit<PauseOf, 'queue'> {
  const at = group.indexOf('/');
  if (at === -1) return { group };
  const [limit, key] = [group.slice(0, at), group.slice(at + 1)];
  return limit === 'job' ? { contract: key } : { group: `${limit}=${key}` };
}

/** Another release may have written it. */
function isNote(value: unknown): value is PauseNote {
  if (typeof value !== 'object' || value === null) return false;
  const { by, reason, at, keyId }: Partial<Record<string, unknown>> = { ...value };
  const isText = (text: unknown): boolean => text === undefined || typeof text === 'string';
  return typeof by === 'string' && typeof at === 'number' && isText(reason) && isText(keyId);
}
