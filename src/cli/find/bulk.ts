import { setTimeout as sleep } from 'node:timers/promises';
import { loadApp } from '../../boot/index.ts';
import { withEngine } from '../../boot/engine/index.ts';
import { recordOutboxEnds } from '../../boot/outbox/index.ts';
import { onRecord } from '../../boot/record/index.ts';
import {
  BULK_ACTIONS,
  bulkFilter,
  BulkTasks,
  checkBulk,
  filterWords,
  isTaskOver,
  sampleBulk,
  type BulkAction,
  type BulkTask,
} from '../../bulk/index.ts';
import { operator, type ParsedArguments, type Terminal, UsageError } from '../../command/index.ts';
import { DeadLetters } from '../../dead-letters/index.ts';
import { hasCode, toError } from '../../errors/index.ts';
import { Facts } from '../../facts/index.ts';
import { clientOn, type CheckedFind } from '../../queue/index.ts';
import { secretsOf } from '../../state/index.ts';

const LOOK_EVERY_MS = 1_000;
const MOST_PER_SECOND = 1_000;
const PAST: Readonly<Record<BulkAction, string>> = {
  replay: 'replayed',
  discard: 'discarded',
  cancel: 'cancelled',
  'run-now': 'started',
};

/** `find --do`: something is done to all that match. Says how many there are first; with --yes it begins it, and follows it to its end. */
export async function bulk(parsed: ParsedArguments, asked: CheckedFind, terminal: Terminal): Promise<0 | 1> {
  const what = BULK_ACTIONS.find(each => each === parsed.text('do'));
  if (what === undefined)
    throw new UsageError(
      `Expected --do to be one of ${BULK_ACTIONS.join(', ')}, got "${(parsed.text('do') ?? '').slice(0, 40)}".`,
    );
  if (parsed.given.some(option => option === 'limit' || option === 'after'))
    throw new UsageError('Expected no --limit and no --after beside --do: it acts on all that match.');
  const reason = parsed.text('reason')?.trim();
  if ((what === 'discard' || what === 'cancel') && parsed.flag('yes') && !reason)
    throw new UsageError(`Expected --reason to ${what}, got none: it is what is kept of why these ended.`);
  const perSecond = Number(parsed.text('per-second') ?? 50);
  if (!Number.isInteger(perSecond) || perSecond < 1 || perSecond > MOST_PER_SECOND)
    throw new UsageError(
      `Expected --per-second to be an integer from 1 to ${MOST_PER_SECOND}, got "${parsed.text('per-second')?.slice(0, 40)}".`,
    );
  try {
    checkBulk(what, asked);
  } catch (error) {
    if (hasCode(error, 'INVALID_OPTIONS')) throw new UsageError(error.message);
    throw error;
  }
  const app = await loadApp(parsed.app);
  const facts = new Facts();
  const complain = (error: unknown): void => terminal.complain(toError(error).message);
  // What is discarded has ended: the outbox must not bring it back.
  const ends = await recordOutboxEnds(facts, terminal.variables, complain);
  try {
    return await withEngine(terminal.variables, async engine => {
      const letters = new DeadLetters({ engine, app, facts });
      const filter = bulkFilter(asked, await secretsOf(engine).load());
      const sample = await sampleBulk({ engine, app }, letters, what, filter);
      const { count, more, ids } = sample;
      const many = `${more ? 'at least ' : ''}${count}`;
      const isNone = count === 0 && !more;
      if (!parsed.flag('yes') || isNone) {
        if (parsed.json) terminal.print(JSON.stringify({ ...sample, do: what, dryRun: true }));
        else {
          terminal.print(`${many} would be ${PAST[what]}: ${filterWords(filter)}`);
          for (const id of ids) terminal.print(`  ${id}`);
          if (!isNone) terminal.print('Add --yes to do it.');
        }
        return isNone ? 1 : 0;
      }
      const client = clientOn(engine, facts, undefined, undefined, app);
      const tasks = new BulkTasks({ engine, app, letters, client, onError: complain });
      try {
        const action = {
          command: `find --do ${what}`,
          what: `${what} all that match`,
          on: filterWords(filter),
          reason,
        };
        const begin = { what, filter, by: operator(terminal), reason, perSecond, total: count };
        // What becomes of it stands with the action itself, which may outlive the command.
        const { id } = await onRecord(
          terminal,
          engine,
          action,
          () => tasks.begin(begin),
          () => ({ matched: count }),
        );
        if (!parsed.json) terminal.print(`${many} to be ${PAST[what]}, at ${perSecond} a second at most.`);
        const task = await follow(tasks, id, line => (parsed.json ? undefined : terminal.print(line)));
        if (parsed.json) terminal.print(JSON.stringify(task));
        return task?.state === 'done' ? 0 : 1;
      } finally {
        await tasks.close();
      }
    });
  } finally {
    await ends?.close();
  }
}

/**
 * Carries it out, here or wherever somebody was quicker, and says how far it is. No other: this process has another app perhaps, and no dead letters but
 * those of jobs.
 */
async function follow(tasks: BulkTasks, id: string, say: (line: string) => void): Promise<BulkTask | undefined> {
  tasks.start(id);
  for (let said = ''; ;) {
    const task = (await tasks.list()).find(each => each.id === id);
    if (task === undefined) return undefined;
    const skipped = task.skipped === 0 ? '' : `, ${task.skipped} skipped: ${task.why ?? '?'}`;
    const line = `${task.done} ${PAST[task.what]}${skipped}${task.state === 'running' ? '' : `; ${task.state}`}`;
    if (line !== said) say(line);
    said = line;
    if (isTaskOver(task.state)) return task;
    await sleep(LOOK_EVERY_MS);
  }
}
