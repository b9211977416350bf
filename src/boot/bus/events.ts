import { readNamespace, Environment, readRedisUrl } from '../../config/index.ts';
import { loadApp } from '../load-app.ts';
import { type App } from '../../contracts/index.ts';
import { enqueueReaction, type Bus } from '../../events/index.ts';
import { Facts } from '../../facts/index.ts';
import {
  allowOnly,
  type Command,
  type ExitCode,
  onStopAsked,
  parseCommand,
  type ParsedArguments,
  table,
  type Terminal,
  UsageError,
  wrongWord,
} from '../../command/index.ts';
import { openBus } from './index.ts';
import { withClient, withEngine } from '../engine/index.ts';
import { onRecord } from '../record/index.ts';

interface Action {
  /** With its own name. */
  readonly words: number;
  readonly options: readonly string[];
  run(bus: Bus, app: App, args: ParsedArguments, terminal: Terminal): Promise<ExitCode>;
}

const ACTIONS: Readonly<Record<string, Action>> = {
  tail: { words: 2, options: [], run: tail },
  replay: { words: 2, options: ['from'], run: replay },
  'dead-letters': { words: 3, options: ['limit'], run: deadLetters },
};

export const events: Command = {
  usage:
    'shiftwork events tail [PATTERN] | replay REACTION --from TIME|ID | dead-letters [replay|discard ID] [--limit N] [--app PATH] [--json]',
  details: [
    'At RABBITMQ_URL, else REDIS_URL.',
    'tail          a line for each event from now on, without its payload, until SIGINT; PATTERN such as "user.*"',
    'replay        enqueues what the reaction makes of past events (streams keep them); jobs that were made before are not made again',
    'dead-letters  events that failed for good at a subscription; replay delivers one again to that subscription alone',
    '',
  ],
  async run(args, terminal) {
    const parsed = parseCommand(args, { from: { type: 'string' }, limit: { type: 'string' } }, { min: 1, max: 3 });
    const [name = '', what] = parsed.positionals;
    const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
    if (action === undefined)
      throw wrongWord('"tail", "replay" or "dead-letters" after events', name, Object.keys(ACTIONS));
    if (parsed.positionals.length > action.words) {
      throw new UsageError(
        `Expected at most ${action.words - 1} words after "events ${name}", got ${parsed.positionals.length - 1}.`,
      );
    }
    const actsOnOne = name === 'dead-letters' && what !== undefined;
    allowOnly(
      parsed,
      actsOnOne ? 'events dead-letters replay|discard' : `events ${name}`,
      actsOnOne ? [] : action.options,
    );
    const app = await loadApp(parsed.app);
    const environment = new Environment(terminal.variables);
    const redis = readRedisUrl(environment)?.href;
    const rabbitmq = environment.url('RABBITMQ_URL', { protocols: ['amqp:', 'amqps:'] })?.href;
    const namespace = readNamespace(environment);
    if (!environment.has('REDIS_URL') && !environment.has('RABBITMQ_URL')) {
      environment.problem(
        'Expected RABBITMQ_URL or REDIS_URL to be set: without them events live in one process alone.',
      );
    }
    environment.check();
    const bus = await openBus(app, new Facts(), { redis, rabbitmq, namespace });
    try {
      return await action.run(bus, app, parsed, terminal);
    } finally {
      await bus.close(1_000);
    }
  },
};

async function tail(
  bus: Bus,
  _app: App,
  { positionals, json }: ParsedArguments,
  terminal: Terminal,
): Promise<ExitCode> {
  const [, pattern = '#'] = positionals;
  const stopAsked = Promise.withResolvers<void>();
  const listenNoMore = onStopAsked(terminal.variables, () => stopAsked.resolve());
  try {
    await bus.subscribe(pattern, ({ id, type, version, timestamp, metadata: { correlationId, causationId } }) => {
      const line = { id, type, version, timestamp: timestamp.toISOString(), correlationId, causationId };
      if (json) terminal.print(JSON.stringify(line));
      else terminal.print(`${line.timestamp}  ${type}  ${id}  ${correlationId}`);
    });
    // Whoever waits for it to listen can tell; a pipe of lines stays one.
    terminal.complain(`listening to ${pattern} on ${bus.transport}`);
    await stopAsked.promise;
  } finally {
    listenNoMore();
  }
  return 0;
}

async function replay(bus: Bus, app: App, args: ParsedArguments, terminal: Terminal): Promise<ExitCode> {
  const [, name = ''] = args.positionals;
  const from = args.text('from');
  if (from === undefined)
    throw new UsageError("Expected --from with a time (ISO 8601) or an event's id, got no --from.");
  const reaction = app.reactions.get(name);
  if (reaction === undefined) {
    const names = [...app.reactions.keys()];
    throw wrongWord(`the name of a reaction (${names.join(', ') || 'there is none'})`, name, names);
  }
  const time = new Date(from);
  const on = `reaction ${name}, from ${from.slice(0, 60)}`;
  const action = { command: 'events replay', what: 'replay events', on, long: true };
  const count = await withClient(
    terminal.variables,
    (client, engine) =>
      onRecord(
        terminal,
        engine,
        action,
        () =>
          bus.replay(reaction.event.name, event => enqueueReaction(client, reaction, event), {
            // An id has no dashes and colons of a time.
            from: /^\d{4}-\d{2}-\d{2}/.test(from) && !Number.isNaN(time.getTime()) ? time : from,
          }),
        done => ({ matched: done, done }),
      ),
    app,
  );
  terminal.print(args.json ? JSON.stringify({ replayed: count }) : `${count} events of ${reaction.event.name}`);
  return 0;
}

async function deadLetters(bus: Bus, _app: App, args: ParsedArguments, terminal: Terminal): Promise<ExitCode> {
  const [, what, id = ''] = args.positionals;
  if (what === undefined) {
    const limit = Number(args.text('limit') ?? 100);
    if (!Number.isInteger(limit) || limit < 1) throw wrongWord('--limit to be an integer >= 1', args.text('limit'));
    const letters = await bus.deadLetters(limit);
    if (args.json) terminal.print(JSON.stringify(letters));
    else {
      const rows = letters.map(({ id: letter, subscription, eventType, reason, attempts, diedAt, error }) => ({
        id: letter,
        died: diedAt.toISOString(),
        subscription,
        event: eventType,
        reason,
        attempts,
        error: error.slice(0, 80),
      }));
      for (const line of table(rows)) terminal.print(line);
    }
    return 0;
  }
  if ((what !== 'replay' && what !== 'discard') || id === '') {
    throw wrongWord('nothing, "replay ID" or "discard ID" after dead-letters', `${what} ${id}`.trimEnd());
  }
  const action = { command: `events dead-letters ${what}`, what: `${what} dead letters`, on: id };
  const done = await withEngine(terminal.variables, engine =>
    onRecord(
      terminal,
      engine,
      action,
      () => (what === 'replay' ? bus.replayDeadLetter(id) : bus.discardDeadLetter(id)),
      isDone => ({ matched: 1, done: isDone ? 1 : 0 }),
    ),
  );
  if (!done) terminal.complain(`There is no dead letter ${id.slice(0, 200)}.`);
  else if (args.json) terminal.print(JSON.stringify({ id, [what === 'replay' ? 'replayed' : 'discarded']: true }));
  return done ? 0 : 1;
}
