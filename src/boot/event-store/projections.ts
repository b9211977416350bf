import type { Variables } from '../../config/index.ts';
import { loadApp } from '../load-app.ts';
import type { Projections } from '../../event-store/index.ts';
import { createLogger, logFacts } from '../../telemetry/index.ts';
import { untilAborted } from '../../time/index.ts';
import {
  type Command,
  type ExitCode,
  onStopAsked,
  lengthOf,
  parseCommand,
  table,
  type Terminal,
  UsageError,
  when,
  wrongWord,
} from '../../command/index.ts';
import { withEngine } from '../engine/index.ts';
import { onRecord, type Came } from '../record/index.ts';
import { openProjections, type OpenedProjections } from './index.ts';

const OUTDATED = 'the database is behind this release';
const NAMED: ReadonlySet<string> = new Set(['rebuild', 'resume', 'parked', 'retry']);

export const projections: Command = {
  usage: 'shiftwork projections [status|run|rebuild NAME|resume NAME|parked NAME|retry NAME] [--app PATH] [--json]',
  details: [
    'status   how far each is behind, who runs it, what is parked, where it stands still',
    'run      runs them until SIGTERM or SIGINT; any number may run, each projection is run by one at a time',
    'rebuild  builds it anew beside the live one and swaps at the end; stopped by SIGINT it goes on at the next call',
    'resume   lets one that stands still try again',
    'parked   its dead letters; retry projects them again, in order',
    '',
  ],
  async run(args, terminal) {
    const { positionals, app, json } = parseCommand(args, {}, { min: 0, max: 2 });
    const [what = 'status', name] = positionals;
    if (what !== 'status' && what !== 'run' && !NAMED.has(what)) {
      throw wrongWord('status, run, rebuild, resume, parked or retry after projections', what, [
        'status',
        'run',
        ...NAMED,
      ]);
    }
    if (NAMED.has(what) !== (name !== undefined)) {
      throw wrongWord(`${NAMED.has(what) ? 'the name of a projection' : 'nothing'} after ${what}`, name);
    }
    if (what === 'run' && json) throw new UsageError('Expected no --json with projections run: it would be ignored.');
    const opened = await openProjections(await loadApp(app), terminal.variables);
    try {
      if (what === 'run') return await runAll(opened, terminal);
      if (name === undefined) return await printStatus(opened.projections, terminal, json);
      const act = (): Promise<ExitCode> => actOn(opened.projections, what, name, terminal, json);
      if (what === 'parked') return await act();
      const action = {
        command: `projections ${what}`,
        what: `${what} a projection`,
        on: name,
        long: what !== 'resume',
      };
      // The engine has the record; the projections have a database of their own.
      return await withEngine(terminal.variables, engine => onRecord(terminal, engine, action, act, cameOfExit));
    } finally {
      await opened.close();
    }
  },
};

/** A rebuild that was stopped, or letters that were left, are not done. */
function cameOfExit(code: ExitCode): Came {
  return { matched: 1, done: code === 0 ? 1 : 0 };
}

async function runAll(
  { projections, facts, untilMigrated }: OpenedProjections,
  { variables }: Terminal,
): Promise<ExitCode> {
  const stopAsked = stopSignal(variables);
  const logger = createLogger({ name: 'projections', variables });
  logFacts(facts, logger);
  await untilMigrated(error => logger.error({ err: error }, OUTDATED), stopAsked);
  if (stopAsked.aborted) return 0;
  for (const name of await projections.prepare()) {
    logger.warn(
      { projection: name },
      `its tables are of another shape: it waits for shiftwork projections rebuild ${name}`,
    );
  }
  projections.start();
  process.send?.({ type: 'ready' });
  await untilAborted(stopAsked);
  return 0;
}

async function printStatus(projections: Projections, terminal: Terminal, json: boolean): Promise<ExitCode> {
  const status = await projections.status();
  if (json) terminal.print(JSON.stringify(status));
  else {
    const rows = status.map(each => ({
      name: each.name,
      position: each.position,
      behind: each.lagEvents === 0 ? '0' : `${each.lagEvents} (${lengthOf(each.lagMs)})`,
      parked: each.parked,
      'stands at': each.stoppedAt,
      because: each.needsRebuild ? 'another shape: rebuild it' : each.stoppedBecause,
      rebuilding: each.rebuilding,
      owner: each.owner,
    }));
    for (const line of table(rows)) terminal.print(line);
  }
  return 0;
}

async function actOn(
  projections: Projections,
  what: string,
  name: string,
  terminal: Terminal,
  json: boolean,
): Promise<ExitCode> {
  const report = (value: object, text: string): void => terminal.print(json ? JSON.stringify(value) : text);
  switch (what) {
    case 'rebuild': {
      let said = -Infinity;
      const rebuilt = await projections.rebuild(name, {
        signal: stopSignal(terminal.variables),
        onProgress({ position, head }) {
          if (json || performance.now() - said < 1_000) return;
          said = performance.now();
          terminal.print(`${name}: ${position} of ${head}`);
        },
      });
      report(
        rebuilt,
        rebuilt.finished
          ? `${name}: rebuilt from ${rebuilt.events} events, live at position ${rebuilt.position}`
          : `${name}: stopped at position ${rebuilt.position}; the same command goes on from there`,
      );
      return rebuilt.finished ? 0 : 1;
    }
    case 'resume':
      await projections.resume(name);
      report({ resumed: name }, `${name}: tries again`);
      return 0;
    case 'parked': {
      const parked = await projections.parked(name);
      if (json) terminal.print(JSON.stringify(parked));
      else {
        const rows = parked.map(({ position, stream, error, parkedAt }) => ({
          position,
          stream,
          error: error ?? 'waits behind an earlier one',
          parked: when(parkedAt.getTime()),
        }));
        for (const line of table(rows)) terminal.print(line);
      }
      return 0;
    }
    default: {
      const retried = await projections.retryParked(name);
      report(retried, `${name}: ${retried.done} done, ${retried.left} left`);
      return retried.left === 0 ? 0 : 1;
    }
  }
}

function stopSignal(variables: Variables): AbortSignal {
  const stop = new AbortController();
  onStopAsked(variables, () => stop.abort());
  return stop.signal;
}
