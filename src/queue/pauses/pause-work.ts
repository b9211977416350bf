import { FOR_GOOD, limitOf } from '../../engine/index.ts';
import type { Facts } from '../../facts/index.ts';
import { storableText } from '../../privacy/index.ts';
import { openState } from '../../state/index.ts';
import { YEAR_MS } from '../../time/index.ts';
import { requireKnownNames, type KnownNames } from './known-target.ts';
import { noteName, PAUSES } from './pause.ts';
import type { CheckedTarget } from './pause-target.ts';

/** A group without a queue is looked for in those of the app, where it is known. */
export interface PauseContext extends KnownNames {
  readonly facts: Facts;
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
  await requireKnownNames(context, target, async () => []);
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
  await requireKnownNames(context, target, () => pausedLimits(context, target));
  const state = await openState(engine);
  for (const name of await queuesOf(context, target)) {
    if (target.group === undefined) await (await engine.queue(name)).resume();
    else await (await engine.turns(name)).resumeGroup(target.group, 'person');
    await state.delete(PAUSES, noteName(name, target.group));
    facts.emit('work.resumed', { queue: name, part: target.group, by: bounded(by, BY_KEPT) });
  }
}

async function queuesOf({ engine, app }: PauseContext, { queue }: CheckedTarget): Promise<readonly string[]> {
  if (queue !== undefined) return [queue];
  return app === undefined ? engine.queueNames() : [...app.queues.keys()];
}

async function pausedLimits(context: PauseContext, target: CheckedTarget): Promise<readonly string[]> {
  const names = await queuesOf(context, target);
  const groups = await Promise.all(names.map(async name => (await context.engine.turns(name)).pauses()));
  return groups.flat().map(({ group }) => limitOf(group));
}

function bounded(text: string, length: number): string {
  return storableText(text.slice(0, length));
}
