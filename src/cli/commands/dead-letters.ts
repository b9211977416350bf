import { toError } from '../../errors/index.ts';
import { loadApp } from '../../boot/index.ts';
import { type App } from '../../contracts/index.ts';
import { Facts } from '../../facts/index.ts';
import { DeadLetters, type DeadLetterFilter, type DeadLetterReport } from '../../dead-letters/index.ts';
import { createLogger, logFacts } from '../../telemetry/index.ts';
import {
  allowOnly,
  type Command,
  operator,
  parseCommand,
  type ParsedArguments,
  table,
  type Terminal,
  UsageError,
  visible,
  when,
  wrongWord,
} from '../../command/index.ts';
import { openOtherLetters } from '../../boot/dead-letters/index.ts';
import { recordOutboxEnds } from '../../boot/outbox/index.ts';
import { withEngine } from '../../boot/engine/index.ts';
import { onRecord, type CommandAction } from '../../boot/record/index.ts';
import { shownJobId } from '../../queue/index.ts';
import { checkQueue } from '../known-queue.ts';

const OPTIONS = {
  kind: { type: 'string' },
  queue: { type: 'string' },
  subscription: { type: 'string' },
  name: { type: 'string' },
  cause: { type: 'string' },
  limit: { type: 'string' },
  all: { type: 'boolean' },
  yes: { type: 'boolean' },
  reason: { type: 'string' },
  'per-second': { type: 'string' },
} as const;
const MAX = 10_000;

interface Use {
  readonly letters: DeadLetters;
  readonly parsed: ParsedArguments;
  readonly terminal: Terminal;
  /** Kinds that could not be read so far. */
  readonly unread: ReadonlySet<string>;
  /** Does it, and puts it on record. */
  readonly record: (action: CommandAction, act: () => Promise<DeadLetterReport>) => Promise<DeadLetterReport>;
}

interface Action {
  /** Those of OPTIONS that it heeds. */
  readonly options: readonly string[];
  use(use: Use): Promise<0 | 1>;
}

const FILTER = ['kind', 'queue', 'subscription', 'name', 'cause'] as const;
const CROWD = [...FILTER, 'all', 'limit'] as const;

const ACTIONS: Readonly<Record<string, Action>> = {
  list: { options: [...FILTER, 'all', 'limit'], use: list },
  groups: { options: [...FILTER, 'all'], use: groups },
  show: { options: [], use: show },
  replay: { options: [...CROWD, 'yes', 'per-second'], use: replay },
  discard: { options: [...CROWD, 'yes', 'reason'], use: discard },
};

export const deadLetters: Command = {
  usage:
    'shiftwork dead-letters [list | groups | show ID | replay [ID...] | discard [ID...] --reason TEXT] ' +
    '[--kind KIND] [--queue NAME] [--subscription NAME] [--name JOB|EVENT] [--cause CAUSE] [--all] [--limit N] ' +
    '[--per-second N] [--yes] [--app PATH] [--json]',
  details: [
    'list     newest end first; --limit 50; expired and cancelled jobs only with --all',
    'groups   by cause: same job, error class, code and message whatever its numbers and ids; what nobody has counted yet is counted first',
    'show     one, with its data (sensitive fields redacted) and where it has been',
    'replay   into its queue again with fresh attempts, --per-second 50; several (by --queue, --name, --cause, or --all)',
    '         only with --yes: without it the command says what it would do; --limit 1 takes the newest one of them',
    'discard  removed for good, in the same way',
    'Ids and a choice are not taken together, and what an action would ignore is refused.',
    'Events are those of RABBITMQ_URL, else REDIS_URL; --subscription is where they ended: a group, or a projection.',
    '',
  ],
  async run(args, terminal) {
    const parsed = parseCommand(args, OPTIONS, { min: 0, max: 1_001 });
    const [action = 'list', ...words] = parsed.positionals;
    const known = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
    const expected =
      action === 'show' ? words.length === 1 : !(action === 'list' || action === 'groups') || words.length === 0;
    if (known === undefined || !expected) {
      throw wrongWord(
        '"list", "groups", "show ID", "replay" or "discard" after dead-letters',
        parsed.positionals.slice(0, 2).join(' '),
        Object.keys(ACTIONS),
      );
    }
    checkOptions(parsed, action, known.options);
    const app = await loadApp(parsed.app);
    checkNames(app, parsed);
    const facts = new Facts();
    // What was done is recorded where the other programs' lines go, apart from what the command prints.
    const stream = { write: (line: string): void => terminal.complain(line.trimEnd()) };
    logFacts(facts, createLogger({ name: 'cli', variables: terminal.variables, stream }));
    const others = await openOtherLetters(app, terminal.variables);
    // What is discarded has ended: the outbox must not bring it back.
    const ends = await recordOutboxEnds(facts, terminal.variables, error => terminal.complain(messageOf(error)));
    // A broker that is away must not hide the jobs.
    const unread = new Set<string>();
    const onUnread = (kind: string, error: unknown): void => {
      if (!unread.has(kind))
        terminal.complain(`Dead letters of kind "${kind}" could not be read: ${firstLine(messageOf(error))}`);
      unread.add(kind);
    };
    try {
      return await withEngine(terminal.variables, async engine => {
        const letters = new DeadLetters({ engine, app, facts, others: others.sources, onUnread });
        checkKind(letters, parsed);
        await checkQueue(engine, app, parsed);
        const record: Use['record'] = (action, act) =>
          onRecord(terminal, engine, action, act, ({ matched, done }) => ({ matched, done: done.length }));
        return known.use({ letters, parsed, terminal, unread, record });
      });
    } finally {
      await Promise.all([others.close(), ends?.close()]);
    }
  },
};

async function list({ letters, parsed, terminal, unread }: Use): Promise<0 | 1> {
  const found = await letters.list(filterOf(parsed), wholeNumber(parsed, 'limit', 50));
  if (parsed.json) terminal.print(JSON.stringify(found));
  else if (found.length === 0) terminal.print(noneText(unread));
  else {
    const rows = found.map(({ kind, id, name, queue, endedAt, attemptsMade, reason, fingerprint, damaged }) => ({
      id: kind === 'job' ? shownJobId({ queue, id }) : id,
      name,
      in: queue,
      ended: when(endedAt),
      attempts: attemptsMade,
      cause: fingerprint,
      reason: damaged === undefined ? firstLine(reason) : `damaged: ${firstLine(damaged)}`,
    }));
    for (const line of table(rows)) terminal.print(line);
  }
  return codeOf(found, unread);
}

async function groups({ letters, parsed, terminal, unread }: Use): Promise<0 | 1> {
  const found = await letters.groups(filterOf(parsed));
  if (parsed.json) terminal.print(JSON.stringify(found));
  else if (found.length === 0) terminal.print(noneText(unread));
  else {
    const rows = found.map(({ fingerprint, count, name, queue, firstEndedAt, lastEndedAt, reason }) => ({
      cause: fingerprint,
      count,
      name,
      in: queue,
      first: when(firstEndedAt),
      last: when(lastEndedAt),
      reason: firstLine(reason),
    }));
    for (const line of table(rows)) terminal.print(line);
  }
  for (const { kept, counted, kind, queue = kind } of await letters.standing()) {
    if (kept > counted) terminal.complain(`${kept - counted} more in ${queue} are not among these causes.`);
  }
  return codeOf(found, unread);
}

/** What could not be read may hold some. */
function noneText(unread: ReadonlySet<string>): string {
  return unread.size === 0
    ? 'no dead letters'
    : `no dead letters were found, those of kind ${[...unread].join(', ')} were not read`;
}

/** 1: nothing was found, and nobody can say that there is none. */
function codeOf(found: readonly unknown[], unread: ReadonlySet<string>): 0 | 1 {
  return found.length === 0 && unread.size > 0 ? 1 : 0;
}

async function show({ letters, parsed, terminal, unread }: Use): Promise<0 | 1> {
  const [, id = ''] = parsed.positionals;
  const letter = await letters.show(id);
  if (letter === undefined) {
    if (unread.size > 0) return 1;
    terminal.complain(`No dead letter "${visible(id).slice(0, 200)}" is known.`);
    return 1;
  }
  if (letter.damaged !== undefined && letter.name === '?') {
    terminal.complain(letter.damaged);
    return 1;
  }
  terminal.print(parsed.json ? JSON.stringify(letter) : JSON.stringify(letter, null, 2));
  return 0;
}

async function replay({ letters, parsed, terminal, unread, record }: Use): Promise<0 | 1> {
  const { filter, dryRun } = await selectionOf(letters, parsed);
  const perSecond = wholeNumber(parsed, 'per-second', 50);
  const act = (): Promise<DeadLetterReport> => letters.replay(filter, { by: operator(terminal), dryRun, perSecond });
  const report = await (dryRun ? act() : record(actionOf('replay', parsed, filter), act));
  return printReport(terminal, parsed, report, dryRun ? 'would be replayed' : 'replayed', { dryRun, unread });
}

async function discard({ letters, parsed, terminal, unread, record }: Use): Promise<0 | 1> {
  const reason = parsed.text('reason')?.trim() ?? '';
  if (reason === '') throw new UsageError('Expected --reason: it is all that is kept of what is discarded.');
  const { filter, dryRun } = await selectionOf(letters, parsed);
  const act = (): Promise<DeadLetterReport> => letters.discard(filter, { by: operator(terminal), reason, dryRun });
  const report = await (dryRun ? act() : record({ ...actionOf('discard', parsed, filter), reason }, act));
  return printReport(terminal, parsed, report, dryRun ? 'would be discarded' : 'discarded', { dryRun, unread });
}

/** For the record: the ids that were named, else the choice in words. */
function actionOf(name: 'replay' | 'discard', parsed: ParsedArguments, { ids }: DeadLetterFilter): CommandAction {
  const [, ...named] = parsed.positionals;
  const chosen = CROWD.filter(option => parsed.given.includes(option));
  const words = chosen.map(option => (option === 'all' ? option : `${option} ${parsed.text(option)}`));
  const on = named.length > 0 ? named.join(', ') : words.join(', ');
  return { command: `dead-letters ${name}`, what: `${name} dead letters`, on, long: (ids?.length ?? 2) > 1 };
}

/** Named ones are acted on; a crowd only with --yes. */
async function selectionOf(
  letters: DeadLetters,
  parsed: ParsedArguments,
): Promise<{ readonly filter: DeadLetterFilter; readonly dryRun: boolean }> {
  const [, ...ids] = parsed.positionals;
  if (ids.length > 0) return { filter: { ids }, dryRun: false };
  const dryRun = !parsed.flag('yes');
  const crowd = { ...filterOf(parsed), all: false };
  if (parsed.text('limit') === undefined) return { filter: crowd, dryRun };
  const newest = await letters.list(crowd, wholeNumber(parsed, 'limit', MAX));
  const endedAt = new Map(newest.map(letter => [letter.id, letter.endedAt]));
  return { filter: { ids: [...endedAt.keys()], endedAt }, dryRun };
}

function isOfCrowd(option: string): boolean {
  return CROWD.some(each => each === option);
}

/** What would be ignored is refused: it was meant to narrow down what is acted on. */
function checkOptions(parsed: ParsedArguments, action: string, allowed: readonly string[]): void {
  const acts = action === 'replay' || action === 'discard';
  const hasIds = acts && parsed.positionals.length > 1;
  const what = `dead-letters ${action}`;
  if (hasIds)
    allowOnly(
      parsed,
      `${what} ID`,
      allowed.filter(option => !isOfCrowd(option)),
    );
  else allowOnly(parsed, what, allowed);
  if (allowed.includes('limit')) wholeNumber(parsed, 'limit', MAX);
  if (allowed.includes('per-second')) wholeNumber(parsed, 'per-second', MAX);
  if (acts && !hasIds && !CROWD.some(option => option !== 'limit' && parsed.given.includes(option))) {
    throw new UsageError('Expected ids, --kind, --queue, --subscription, --name, --cause or --all, got none of them.');
  }
}

function printReport(
  terminal: Terminal,
  { json }: ParsedArguments,
  report: DeadLetterReport,
  what: string,
  { dryRun, unread }: { readonly dryRun: boolean; readonly unread: ReadonlySet<string> },
): 0 | 1 {
  if (json) terminal.print(JSON.stringify({ ...report, dryRun }));
  else {
    terminal.print(`${report.done.length} of ${report.matched} ${what}`);
    for (const { id, why } of report.skipped) terminal.print(`not ${visible(id).slice(0, 200)}: ${why}`);
    if (dryRun) terminal.print('Add --yes to do it.');
  }
  return report.done.length === 0 && report.matched + unread.size > 0 ? 1 : 0;
}

function filterOf(parsed: ParsedArguments): DeadLetterFilter {
  return {
    kind: parsed.text('kind'),
    subscription: parsed.text('subscription'),
    queue: parsed.text('queue'),
    name: parsed.text('name'),
    fingerprint: parsed.text('cause'),
    all: parsed.flag('all'),
  };
}

function checkNames(app: App, parsed: ParsedArguments): void {
  const name = parsed.text('name');
  const names = [...app.jobs.keys(), ...app.events.keys()];
  if (name !== undefined && !names.includes(name)) {
    throw wrongWord(`--name to be one of ${names.join(', ')}`, name, names);
  }
}

function checkKind({ kinds }: DeadLetters, parsed: ParsedArguments): void {
  const kind = parsed.text('kind');
  if (kind !== undefined && !kinds.includes(kind)) {
    throw wrongWord(`--kind to be one of ${kinds.join(', ')} (there are no others in this app)`, kind, kinds);
  }
}

function wholeNumber(parsed: ParsedArguments, option: 'limit' | 'per-second', fallback: number): number {
  const value = Number(parsed.text(option) ?? fallback);
  if (Number.isInteger(value) && value >= 1 && value <= MAX) return value;
  throw wrongWord(`--${option} to be an integer from 1 to ${MAX}`, parsed.text(option));
}

function messageOf(error: unknown): string {
  return toError(error).message;
}

function firstLine(reason: string): string {
  return visible(reason.split('\n', 1)[0]).slice(0, 100);
}
