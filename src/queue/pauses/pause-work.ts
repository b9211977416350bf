import { FOR_GOOD, type Engine } from '../../engine/index.ts';
import type { Facts } from '../../facts/index.ts';
import { storableText } from '../../privacy/index.ts';
import { openState } from '../../state/index.ts';
import { YEAR_MS } from '../../time/index.ts';
import { noteName, PAUSES } from './pause.ts';
import type { CheckedTarget } from './pause-target.ts';

export interface PauseContext {
  readonly engine: Engine;
  readonly facts: Facts;
  /** Those that a group without a queue is looked for in: the app's, where it is known. */
  readonly queues: readonly string[] | undefined;
}

const REASON_KEPT = 500;
const BY_KEPT = 200;
/** What is paused stays so for as long as nobody resumes it; who did it is remembered for as long as anybody may ask. */
const NOTE_KEPT_MS = 10 * YEAR_MS;

/** No worker begins such a job until it is resumed; what runs goes on. Once paused, it stays so over restarts of everything. */
export async function pauseWork(
  context: PauseContext,
  target: CheckedTarget,
  { by, reason }: { readonly by: string; readonly reason: string | undefined },
): Promise<void> {
  const { engine, facts } = context;
  const state = await openState(engine);
  for (const name of await queuesOf(context, target)) {
    const note = { by: bounded(by, BY_KEPT), ...(reason !== undefined && { reason: bounded(reason, REASON_KEPT) }) };
    // First, so that a pause is never there without its reason.
    await state.set(
      PAUSES,
      noteName(name, target.group),
      { ...note, at: Math.floor(engine.clock.now()) },
      NOTE_KEPT_MS,
    );
    if (target.group === undefined) await (await engine.queue(name)).pause();
    else await (await engine.turns(name)).pauseGroup(target.group, { by: 'person', until: FOR_GOOD, probes: false });
    facts.emit('work.paused', { queue: name, part: target.group, by: note.by, reason: note.reason });
  }
}

/** Its jobs begin again in their order. A pause of a breaker stays: the breaker knows when the far side is well. */
export async function resumeWork(context: PauseContext, target: CheckedTarget, by: string): Promise<void> {
  const { engine, facts } = context;
  const state = await openState(engine);
  for (const name of await queuesOf(context, target)) {
    if (target.group === undefined) await (await engine.queue(name)).resume();
    else await (await engine.turns(name)).resumeGroup(target.group, 'person');
    await state.delete(PAUSES, noteName(name, target.group));
    facts.emit('work.resumed', { queue: name, part: target.group, by: bounded(by, BY_KEPT) });
  }
}

async function queuesOf({ engine, queues }: PauseContext, { queue }: CheckedTarget): Promise<readonly string[]> {
  return queue === undefined ? (queues ?? engine.queueNames()) : [queue];
}

function bounded(text: string, length: number): string {
  return storableText(text.slice(0, length));
}
