import { bulk } from './bulk.ts';
import { loadApp } from '../../boot/index.ts';
import { withEngine } from '../../boot/engine/index.ts';
import { journalSource } from '../../boot/journal/index.ts';
import {
  type Command,
  parseCommand,
  type ParsedArguments,
  table,
  UsageError,
  visible,
  when,
  wrongWord,
} from '../../command/index.ts';
import { hasCode } from '../../errors/index.ts';
import { checkQueue } from '../known-queue.ts';
import { checkFind, findJobs, type FindOptions, type FoundJobs } from '../../queue/index.ts';
import { secretsOf } from '../../state/index.ts';
import { toMilliseconds, type Duration } from '../../time/index.ts';
import { tagsIn } from '../tag-words.ts';

export const find: Command = {
  usage:
    'shiftwork find [ID] [--tag NAME=VALUE...] [--contract NAME] [--queue QUEUE] [--state STATE] [...] ' +
    '[--do replay|discard|cancel|run-now [--yes] [--reason TEXT] [--per-second N]] [--app PATH] [--json]',
  details: [
    'Jobs to which all of it applies: those that wait or run, and how others have ended, from the journal. ID is that of a',
    'job (with what follows from it) or of a trace. docs/guides/finding.md says how a contract names its tags.',
    '',
    '  --state      waiting, delayed, running, succeeded, dead, cancelled, expired; retried: attempts that failed',
    '  --waits-for  time, limit, pause, release, children',
    '  --cause      the fingerprint of a cause: shiftwork dead-letters',
    '  --since, --until  how long ago, such as 2h, or a time such as 2026-11-29T14:00Z',
    '  --limit      1 to 200, 50 when left out; --after CURSOR goes on behind the last page',
    '',
    '--do acts on all that match, not on the page alone: replay and discard on what is dead (or what --state names), cancel on what has',
    'not ended, run-now on what waits for its time. Without --yes it says how many and some of them. With it the action goes on in the',
    'background, at 50 a second (--per-second), and the command follows it; where the command ends first, a dashboard goes on.',
    '',
    'Exit 1 when there is none.',
    '',
  ],
  async run(args, terminal) {
    const one = { type: 'string' } as const;
    const options = {
      tag: { type: 'string', multiple: true },
      contract: one,
      queue: one,
      state: one,
      'waits-for': one,
      cause: one,
      since: one,
      until: one,
      limit: one,
      after: one,
      do: one,
      yes: { type: 'boolean' },
      reason: one,
      'per-second': one,
    } as const;
    const parsed = parseCommand(args, options, { min: 0, max: 1 });
    const { texts, text, json, positionals } = parsed;
    const tag = tagsIn(texts('tag'));
    const limit = text('limit');
    const asked = checked({
      tag: Object.keys(tag).length === 0 ? undefined : tag,
      id: positionals[0],
      contract: text('contract'),
      queue: text('queue'),
      state: text('state'),
      waitsFor: text('waits-for'),
      cause: text('cause'),
      since: timeIn('since', text('since')),
      until: timeIn('until', text('until')),
      limit: limit === undefined ? undefined : Number(limit),
      cursor: text('after'),
    });
    if (text('do') !== undefined) return bulk(parsed, asked, terminal);
    requireDo(parsed);
    const found = await withEngine(terminal.variables, async engine => {
      // Before it is looked into, which makes it known; said where the journal has nothing of it either. The app saves a walk through the engine's keys.
      const app = asked.queue === undefined ? undefined : await loadApp(parsed.app).catch(() => undefined);
      const unknown = await checkQueue(engine, app, parsed).then(
        () => undefined,
        (error: unknown) => error,
      );
      const journal = journalSource(engine, terminal.variables);
      try {
        const answer = await findJobs(engine, await secretsOf(engine).load(), asked, () => journal.open());
        if (answer.jobs.length + answer.runs.length === 0 && unknown !== undefined) throw unknown;
        return answer;
      } finally {
        await journal.close();
      }
    });
    if (json) terminal.print(JSON.stringify(found));
    else for (const line of linesOf(found)) terminal.print(line);
    if (found.journal === 'unread') terminal.complain('The journal cannot be read now: what has ended may be missing.');
    if (found.jobs.length + found.runs.length > 0 || found.next !== undefined) return 0;
    // The value may be a person's: it is not repeated.
    const names = Object.keys(tag);
    terminal.complain(
      names.length === 0 ? 'No job was found.' : `No job carries ${names.map(name => `this ${name}`).join(' and ')}.`,
    );
    return 1;
  },
};

/** Options that mean nothing where nothing is done. @throws UsageError */
function requireDo({ given }: ParsedArguments): void {
  const strange = ['yes', 'reason', 'per-second'].find(option => given.includes(option));
  if (strange !== undefined) throw new UsageError(`Expected --do beside --${strange}: it would be ignored.`);
}

function linesOf({ jobs, beyond, runs, next, lookedBackTo }: FoundJobs): readonly string[] {
  const live = jobs.map(({ id, name, state, waitsFor, enqueuedAt, finishedAt, attemptsMade }) => ({
    job: id,
    contract: visible(name),
    state: waitsFor === undefined ? state : `${state} (${waitsFor.for})`,
    attempts: attemptsMade,
    at: when(finishedAt ?? enqueuedAt),
  }));
  const past = runs.map(({ jobId, jobName, outcome, attempt, endedAt }) => ({
    job: jobId,
    contract: visible(jobName),
    state: outcome,
    attempts: attempt,
    at: when(endedAt),
  }));
  return [
    ...table([...live, ...past]),
    ...(beyond ? ['More wait or run than are looked through: narrow it down by --queue, --state or --tag.'] : []),
    ...(lookedBackTo === undefined ? [] : [`Looked back to ${when(lookedBackTo)}.`]),
    ...(next === undefined ? [] : [`Further back: --after ${next}`]),
  ];
}

/** @throws UsageError */
function checked(given: { readonly [Name in keyof FindOptions]: unknown }): ReturnType<typeof checkFind> {
  const options = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  try {
    return checkFind(options);
  } catch (error) {
    if (hasCode(error, 'INVALID_OPTIONS')) throw new UsageError(inWordsTyped(error.message));
    throw error;
  }
}

/** What is wrong is said of the option that was typed, not of the one that programs give. */
const TYPED: Readonly<Record<string, string>> = {
  id: 'ID',
  contract: '--contract',
  queue: '--queue',
  state: '--state',
  waitsFor: '--waits-for',
  cause: '--cause',
  limit: '--limit',
  cursor: '--after',
};

function inWordsTyped(message: string): string {
  return message.replace(/^Expected (\w+) to /, (said, option: string) => {
    const typed = TYPED[option];
    return typed === undefined ? said : `Expected ${typed} to `;
  });
}

/** Milliseconds since 1970. @throws UsageError */
function timeIn(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ago = isDuration(text) ? toMilliseconds(text) : undefined;
  const at = ago === undefined ? Date.parse(text) : Date.now() - ago;
  if (Number.isNaN(at)) throw wrongWord(`--${name} as 2h or 2026-11-29T14:00Z`, text);
  return at;
}

function isDuration(text: string): text is Extract<Duration, string> {
  return /^\d+(\.\d+)?(ms|s|m|h|d|w)$/.test(text);
}
