import { contractGroup, type Engine } from '../../engine/index.ts';
import type { Facts } from '../../facts/index.ts';
import { openState } from '../../state/index.ts';
import { noteName, PAUSES, readNotes, type PauseNote } from './pause.ts';

/** As long as somebody may ask why it was paused. */
const NOTE_KEPT_MS = 10 * 60_000;

export interface WithoutKey {
  readonly queue: string;
  readonly contract: string;
  readonly keyId: string;
  /** Engine time, at which whoever takes jobs looks again. */
  readonly untilMs: number;
  /** The process that lacks the key. */
  readonly worker: string;
}

/**
 * Pauses a contract for a while, since a worker lacks the key that a job of it is encrypted with. A person's pause of it stays. Rejects while the
 * engine is away.
 */
export async function pauseWithoutKey(
  { engine, facts }: { readonly engine: Engine; readonly facts: Facts },
  { queue, contract, keyId, untilMs, worker }: WithoutKey,
): Promise<void> {
  const group = contractGroup(contract);
  const [turns, state] = await Promise.all([engine.turns(queue), openState(engine)]);
  const known = (await turns.pauses()).find(each => each.group === group && each.by === 'person');
  if (known !== undefined && known.until >= untilMs) return;
  const reason = `${worker} lacks the key "${keyId}" in PAYLOAD_KEYS, or has another one of that id; workers look again every half minute`;
  const note: PauseNote = { by: 'shiftwork', reason, at: Math.floor(engine.clock.now()), keyId };
  await state.set(PAUSES, noteName(queue, group), note, NOTE_KEPT_MS);
  await turns.pauseGroup(group, { by: 'person', until: untilMs, probes: false });
  facts.emit('work.paused', { queue, part: group, by: note.by, reason });
}

/** The contracts that were paused of late because a worker lacked a key. */
export async function readMissingKeys(
  engine: Engine,
): Promise<readonly { readonly queue: string; readonly contract: string; readonly keyId: string }[]> {
  const notes = await readNotes(await openState(engine));
  return [...notes].flatMap(([name, { keyId }]) => {
    const at = name.indexOf('/job/');
    return keyId === undefined || at === -1
      ? []
      : [{ queue: name.slice(0, at), contract: name.slice(at + '/job/'.length), keyId }];
  });
}
