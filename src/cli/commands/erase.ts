import { withEngine } from '../../boot/engine/index.ts';
import { findApp, loadApp, openDatabase, ROOMS } from '../../boot/index.ts';
import { journalSource } from '../../boot/journal/index.ts';
import { onRecord, type Came } from '../../boot/record/index.ts';
import { type Command, operator, parseCommand, type Terminal, UsageError, when } from '../../command/index.ts';
import type { App } from '../../contracts/index.ts';
import type { Engine } from '../../engine/index.ts';
import { Environment, InvalidConfigError, readNamespace } from '../../config/index.ts';
import { hasCode } from '../../errors/index.ts';
import { Facts } from '../../facts/index.ts';
import {
  checkErase,
  digestsOf,
  eraseTag,
  readErasures,
  type CheckedErase,
  type ErasableEvents,
  type ErasedTag,
  type EraseOptions,
} from '../../queue/index.ts';
import type { Secrets } from '../../secrets/index.ts';
import { secretsOf } from '../../state/index.ts';
import type { Duration } from '../../time/index.ts';
import { tagsIn } from '../tag-words.ts';

export const erase: Command = {
  usage:
    'shiftwork erase --tag NAME=VALUE... [--subject PERSON] [--running cancel|wait] [--timeout 30s] [--json] | --records [--json]',
  details: [
    'Removes what carries the tags (all of them, where there are several): jobs in every queue, waiting, delayed, held, ended or',
    'dead, with their results, steps and logs; schedules made at run time; what batches call back; lines of the journal; jobs in the',
    "outbox of DATABASE_URL. Items of chunks by what the app's contracts say (chunk.tags).",
    'What runs is cancelled first; a chunk is waited for, since it has items of others.',
    'It is on record with the names of the tags, how many of each and who did it: --records. Safe to repeat.',
    '',
    '  --subject       throws the key of this person away, in the event store of the app and DATABASE_URL: what it encrypts is lost for ever',
    '  --running wait  lets jobs that run end first; --timeout  how long they are given, 30s when left out',
    '',
    'Exit 1 when something is left: a job that would not end, a journal or an outbox that is away.',
    '',
  ],
  async run(args, terminal) {
    const one = { type: 'string' } as const;
    const options = {
      tag: { type: 'string', multiple: true },
      running: one,
      timeout: one,
      subject: one,
      records: { type: 'boolean' },
    } as const;
    const asked = parseCommand(args, options, { min: 0, max: 0 });
    const { json } = asked;
    if (asked.flag('records')) {
      const records = await withEngine(terminal.variables, readErasures);
      if (json) terminal.print(JSON.stringify(records));
      else
        for (const { at, by, tags, erased, left } of records)
          terminal.print(
            `${when(at)}  ${by}  ${tags.join(', ')}: ${countsText(erased)}${left > 0 ? `; ${left} left` : ''}`,
          );
      return 0;
    }
    const subject = asked.text('subject');
    const app = findApp(asked.app).file === undefined && asked.app === undefined ? undefined : await loadApp(asked.app);
    const checked = checkedOf(asked.texts('tag'), {
      running: asked.text('running'),
      timeout: asked.text('timeout'),
      by: operator(terminal),
      ...(subject !== undefined && { subject, events: await eventsOf(app ?? (await loadApp()), terminal) }),
    });
    const eraseAll = async (engine: Engine, secrets: Secrets, digests: readonly string[][]): Promise<Done> => {
      // First: what it brings to the engine meanwhile is erased there.
      const outbox = await outboxErased(terminal, digests);
      const journal = journalSource(engine, terminal.variables);
      try {
        const on = { engine, facts: new Facts(), secrets, journal: () => journal.open(), jobs: app?.jobs };
        return { ...(await eraseTag(on, { ...checked, onProgress: progress(terminal, json) })), outbox };
      } finally {
        await journal.close();
      }
    };
    const done = await withEngine(terminal.variables, async engine => {
      const secrets = await secretsOf(engine).load();
      const digests = digestsOf(secrets, checked);
      const on = checked.tags.map(({ name }, index) => `tag ${name} (${digests[0]?.[index] ?? '?'})`).join(', ');
      const action = { command: 'erase', what: 'erase', on, long: true };
      return onRecord(terminal, engine, action, () => eraseAll(engine, secrets, digests), cameOf);
    });
    if (json) terminal.print(JSON.stringify(done));
    else for (const line of linesOf(done)) terminal.print(line);
    return done.left.length === 0 && done.journal === 'erased' && done.outbox !== 'unreached' ? 0 : 1;
  },
};

interface Done extends ErasedTag {
  /** Of jobs in it; undefined where there is no DATABASE_URL. */
  readonly outbox: number | 'unreached' | undefined;
}

/** Jobs, whatever their state; how much of what they left is counted by the record of what was erased. */
function cameOf({ erased: { waiting, running, succeeded, dead }, left }: Done): Came {
  const done = waiting + running + succeeded + dead;
  return { matched: done + left.length, done };
}

/** Of the app's event store. @throws InvalidConfigError where it has none here: whoever names a person must not be told that all is done */
async function eventsOf(app: App, { variables }: Terminal): Promise<ErasableEvents> {
  if (!app.plugins.some(({ kind }) => kind === 'event-store') || !new Environment(variables).has('DATABASE_URL')) {
    throw new InvalidConfigError([
      'Expected an app with an event store and DATABASE_URL beside --subject, whose key is kept there; name the app with --app PATH.',
    ]);
  }
  return {
    async eraseSubject(subject) {
      let events = 0;
      for (const room of ROOMS) events += (await room.eraseSubject?.(app, variables, subject)) ?? 0;
      return events;
    },
  };
}

/** Undefined where there is none: without DATABASE_URL, or without its tables. */
async function outboxErased(terminal: Terminal, digests: readonly string[][]): Promise<Done['outbox']> {
  const environment = new Environment(terminal.variables);
  const url = environment.url('DATABASE_URL', { protocols: ['postgres:', 'postgresql:'] })?.href;
  const namespace = readNamespace(environment);
  if (url === undefined) return undefined;
  const { eraseEntries } = await import('../../outbox/index.ts');
  const pool = await openDatabase(url, 1);
  try {
    return await eraseEntries(pool, digests, { namespace });
  } catch (error) {
    // No table: there is no outbox.
    return hasCode(error, '42P01') ? undefined : 'unreached';
  } finally {
    await pool.end();
  }
}

const SAY_EVERY_MS = 1_000;

/** Now and then, on standard error. */
function progress(terminal: Terminal, json: boolean): CheckedErase['onProgress'] {
  let saidAt = performance.now();
  return erased => {
    if (json || performance.now() - saidAt < SAY_EVERY_MS) return;
    saidAt = performance.now();
    terminal.complain(countsText(erased));
  };
}

function countsText({
  waiting,
  running,
  succeeded,
  dead,
  items,
  results,
  steps,
  logLines,
  runs,
  notes,
  callbacks,
  schedules,
  events,
}: ErasedTag['erased']): string {
  const others = [
    [items, 'items of chunks'],
    [notes, 'notes of onDead'],
    [callbacks, 'callbacks of batches'],
    [schedules, 'schedules'],
    [events, 'events'],
  ] as const;
  const also = others.flatMap(([count, what]) => (count > 0 ? [`, ${count} ${what}`] : [])).join('');
  return `${waiting} waiting, ${running} running, ${succeeded} succeeded, ${dead} dead; ${results} results, ${steps} steps, ${logLines} log lines, ${runs} lines of the journal${also}`;
}

function linesOf({ erased, outbox, left, journal, notReached }: Done): readonly string[] {
  return [
    `erased      ${countsText(erased)}${typeof outbox === 'number' ? `, ${outbox} jobs of the outbox` : ''}`,
    ...left.map(id => `left        ${id} still runs: erase again once it has ended`),
    ...(journal === 'unreached' ? ['left        the journal is away: erase again when it is back'] : []),
    ...(outbox === 'unreached' ? ['left        the outbox is away: erase again when it is back'] : []),
    ...notReached.map(what => `not reached ${what}`),
  ];
}

interface Given extends Pick<EraseOptions, 'by' | 'events' | 'subject'> {
  readonly running: string | undefined;
  readonly timeout: string | undefined;
}

/** @throws UsageError */
function checkedOf(words: readonly string[], { running, timeout, ...given }: Given): CheckedErase {
  const tag = tagsIn(words);
  if (words.length === 0)
    throw new UsageError('Expected whose data to erase, --tag NAME=VALUE, or --records, got neither.');
  if (running !== undefined && running !== 'cancel' && running !== 'wait')
    throw new UsageError(`Expected --running as cancel or wait, got "${running.slice(0, 40)}".`);
  if (timeout !== undefined && !isDuration(timeout))
    throw new UsageError(`Expected --timeout such as 30s, got "${timeout.slice(0, 40)}".`);
  try {
    return checkErase({
      tag,
      ...given,
      ...(running !== undefined && { running }),
      ...(timeout !== undefined && { timeout }),
    });
  } catch (error) {
    if (hasCode(error, 'INVALID_OPTIONS')) throw new UsageError(error.message);
    throw error;
  }
}

function isDuration(text: string): text is Extract<Duration, string> {
  return /^\d+(\.\d+)?(ms|s|m|h|d|w)$/.test(text);
}
