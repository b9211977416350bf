import { hostname } from 'node:os';
import {
  actionMark,
  AuditLog,
  markActions,
  shortOn,
  type ActionDetail,
  type AuditedAction,
} from '../../audit/index.ts';
import { operator, type Terminal } from '../../command/index.ts';
import type { Engine } from '../../engine/index.ts';
import { codeOf, isShiftworkError } from '../../errors/index.ts';
import { within } from '../../time/index.ts';
import { journalSource } from '../journal/index.ts';

/** A command ends when this has passed, whether it is on record or not. */
const RECORD_MS = 2_000;

const AWAY: ReadonlySet<string> = new Set(['QUEUE_UNAVAILABLE', 'ENGINE_UNREACHABLE', 'BUS_UNAVAILABLE']);

export interface CommandAction {
  /** As it is called, without what it was given: `pause`, `dead-letters replay`. */
  readonly command: string;
  /** In a few words, the same as for the page's action: `cancel jobs`. */
  readonly what: string;
  /** Ids, names, a filter. No value of a tag: its digest. */
  readonly on?: string | undefined;
  readonly reason?: string | undefined;
  /** May take long, or be ended by whoever waits for it: that it was begun is on record before. */
  readonly long?: boolean;
}

/** To how many it was to be done, and to how many it was. */
export interface Came {
  readonly matched: number;
  /** Undefined where that is not known yet. */
  readonly done?: number;
}

const ONE: Came = { matched: 1, done: 1 };

/**
 * Does what a person has asked for, and puts it on record: who, on what, to how many, and what came of it; also where it was refused, or failed. What
 * cannot be put on record is said; it is done all the same.
 */
export async function onRecord<Result>(
  terminal: Terminal,
  engine: Engine,
  action: CommandAction,
  act: () => Promise<Result>,
  cameOf: (result: Result) => Came = () => ONE,
): Promise<Result> {
  const record = recorder(terminal, engine, action);
  if (action.long === true) await record('begun');
  let result: Result;
  try {
    result = await act();
  } catch (error) {
    // Where the engine is away the command says that itself.
    await record(isRefusal(error) ? 'refused' : 'failed', undefined, true);
    throw error;
  }
  await record('done', cameOf(result));
  return result;
}

/** What we say ourselves, but for what is away. */
function isRefusal(error: unknown): boolean {
  return isShiftworkError(error) && !AWAY.has(codeOf(error) ?? '');
}

type Record = (outcome: AuditedAction['outcome'], came?: Came, quietly?: boolean) => Promise<void>;

function recorder(terminal: Terminal, engine: Engine, { command, what, on, reason }: CommandAction): Record {
  const log = new AuditLog(engine, () => undefined);
  return async (outcome, came, quietly = false) => {
    const action: AuditedAction = {
      user: operator(terminal),
      role: undefined,
      method: 'CLI',
      path: `shiftwork ${command}`,
      status: undefined,
      outcome,
      client: hostname(),
      detail: { what, on: shortOn(on), reason: reason?.slice(0, 500), ...countsOf(came) },
    };
    const isWritten = await doneBy(RECORD_MS, log.record(action));
    if (!isWritten && !quietly)
      terminal.complain(`It could not be put on record in the audit that this was ${outcome}.`);
    if (isWritten && actionMark(action, 0) !== undefined) await mark(terminal, engine, action);
  };
}

function countsOf(came: Came | undefined): Pick<ActionDetail, 'matched' | 'done' | 'skipped'> {
  if (came?.done === undefined) return { matched: came?.matched };
  return { ...came, skipped: came.matched - came.done };
}

/** On the charts, where the journal can be reached. */
async function mark({ variables }: Terminal, engine: Engine, action: AuditedAction): Promise<void> {
  const journal = journalSource(engine, variables);
  await doneBy(RECORD_MS, markActions({ journal: () => journal.open(), now: () => engine.clock.now() })(action));
  await doneBy(RECORD_MS, journal.close());
}

/** Whether it was done by then. Never rejects. */
async function doneBy(ms: number, doing: Promise<void>): Promise<boolean> {
  return within(ms, doing, () => new Error('The time is over.')).then(
    () => true,
    () => false,
  );
}
