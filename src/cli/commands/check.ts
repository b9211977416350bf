import { hasCode } from '../../errors/index.ts';
import { Environment, InvalidConfigError } from '../../config/index.ts';
import { findApp, loadApp, schemaFindings } from '../../boot/index.ts';
import { readHostSettings, readWorkerSettings } from '../../boot/work/index.ts';
import { type App, describedSchema, InvalidContractError } from '../../contracts/index.ts';
import {
  openEngine,
  readEngineSettings,
  type Engine,
  type EngineSettings,
  EngineCheckError,
} from '../../engine/index.ts';
import { Facts } from '../../facts/index.ts';
import { clientOn, readMissingKeys, readUnnamedQueues, unfinishedIn } from '../../queue/index.ts';
import { ResourceSet } from '../../runtime/index.ts';
import { secretNote } from '../../state/index.ts';
import { type Command, parseCommand, visible } from '../../command/index.ts';

interface Findings {
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  /** What is worth knowing and needs no action. */
  readonly notes?: readonly string[];
}

export const check: Command = {
  usage: 'shiftwork check [--app PATH] [--json]',
  details: [
    'Everything is looked at, also after the first error. Exit 1 if there is any error; warnings are none.',
    '',
  ],
  async run(args, terminal) {
    const { app: path, json } = parseCommand(args, {}, { min: 0, max: 0 });
    const environment = new Environment(terminal.variables);
    const appErrors: string[] = [];
    const app = await loadApp(path).catch((error: unknown) => {
      if (error instanceof InvalidConfigError) appErrors.push(...error.problems);
      else if (error instanceof InvalidContractError) appErrors.push(error.message);
      else throw error;
      return undefined;
    });
    const settings = readSettings(environment, app);
    const engine = await checkEngine(settings, app);
    const url = environment.string('DATABASE_URL', '');
    const tables =
      url === '' || environment.problems.length > 0
        ? { errors: [], warnings: [] }
        : await schemaFindings(url, settings.namespace, app);
    const errors = [...appErrors, ...environment.problems, ...engine.errors, ...tables.errors];
    const { choice } = findApp(path);
    const warnings = [
      ...(choice === undefined ? [] : [choice]),
      ...environment.warnings,
      ...engine.warnings,
      ...tables.warnings,
    ];
    const notes = [...(engine.notes ?? []), ...undescribed(app)];
    const lookedAt = lookedAtOf(findApp(path).file, app, settings, url !== '');
    if (json) terminal.print(JSON.stringify({ lookedAt, errors, warnings, notes }));
    else {
      for (const line of lookedAt) terminal.print(visible(line));
      for (const error of errors) terminal.print(`error    ${visible(error)}`);
      for (const warning of warnings) terminal.print(`warning  ${visible(warning)}`);
      for (const note of notes) terminal.print(`note     ${visible(note)}`);
      if (errors.length === 0) terminal.print(warnings.length === 0 ? 'all is well' : 'no errors');
    }
    return errors.length === 0 ? 0 : 1;
  },
};

/** What was looked at, a line each: who reads "all is well" must be able to see of what. No address has its password. */
function lookedAtOf(
  file: string | undefined,
  app: App | undefined,
  { url, namespace }: EngineSettings,
  hasDatabase: boolean,
): readonly string[] {
  const lines = [`app        ${file ?? 'none found'}`];
  if (app !== undefined) {
    const schedules = app.schedules.map(({ name }) => name);
    lines.push(
      `queues     ${[...app.queues.keys()].join(', ') || 'none'} (${app.jobs.size} jobs, ${app.handlers.size} handlers)`,
      `schedules  ${schedules.join(', ') || 'none'}`,
    );
  }
  const { protocol, host } = URL.canParse(url) ? new URL(url) : { protocol: '', host: '' };
  const engine = url === '' ? 'none named' : `${protocol}//${host}, namespace ${namespace ?? 'none'}`;
  return [
    ...lines,
    `engine     ${engine}`,
    `tables     ${hasDatabase ? 'those in DATABASE_URL' : 'none: DATABASE_URL is not set'}`,
  ];
}

/** Whose data the HTTP door cannot describe to those who generate clients. */
function undescribed(app: App | undefined): readonly string[] {
  const named = [...(app?.jobs.values() ?? [])].flatMap(({ name, schema, chunk }) => {
    const described = describedSchema(chunk?.item.schema ?? schema, 'input');
    return described.kind === 'undescribed' ? [`${name} (${described.why})`] : [];
  });
  return named.length === 0
    ? []
    : [
        `openapi.json of the HTTP door describes no data of contracts whose schema gives no JSON Schema: ${named.join('; ')}.`,
      ];
}

/** All that a worker host reads; without an app, what can be read all the same. */
function readSettings(environment: Environment, app: App | undefined): EngineSettings {
  readHostSettings(environment);
  return app === undefined
    ? readEngineSettings(environment)
    : readWorkerSettings(environment, app, new ResourceSet(new Facts())).engine;
}

async function checkEngine({ url, namespace, secrets }: EngineSettings, app: App | undefined): Promise<Findings> {
  // A fault of the environment says already that there is none.
  if (url === '') return { errors: [], warnings: [] };
  const engine = openEngine({ url, namespace, secrets, role: 'producer' });
  try {
    const report = await engine.check();
    // Tables that are missing are an error already.
    const note = report.errors.length > 0 ? undefined : await secretNote(engine);
    const left = report.errors.length > 0 || app === undefined ? [] : await leftQueues(engine, app);
    const keys = report.errors.length > 0 ? [] : await missingKeys(engine);
    const unreadable = report.errors.length > 0 ? [] : await unreadableSchedules(engine);
    return {
      ...report,
      errors: [...report.errors, ...keys],
      warnings: [...report.warnings, ...left, ...unreadable],
      notes: note === undefined ? [] : [note],
    };
  } catch (error) {
    if (hasCode(error, 'ENGINE_UNREACHABLE')) return { errors: [error.message], warnings: [] };
    if (error instanceof EngineCheckError) return { errors: error.problems, warnings: [] };
    throw error;
  } finally {
    await engine.close(1_000);
  }
}

/** Contracts that wait for a key of PAYLOAD_KEYS: whether this process has it tells whether its environment is the one at fault. */
async function missingKeys(engine: Engine): Promise<readonly string[]> {
  return (await readMissingKeys(engine)).map(({ queue, contract, keyId }) =>
    engine.cipher.keyIds.includes(keyId)
      ? `${contract} of ${queue} was paused within ten minutes because a worker lacked the key "${keyId}" of PAYLOAD_KEYS, which is set here: give every worker the same.`
      : `${contract} of ${queue} was paused within ten minutes because the key "${keyId}" is missing in PAYLOAD_KEYS, here too: give it back, behind the others.`,
  );
}

const PAGE = 1_000;
const NAMED = 10;

/** Schedules made at run time that make no jobs: their records are damaged, or of a newer release. */
async function unreadableSchedules(engine: Engine): Promise<readonly string[]> {
  const { schedules } = clientOn(engine, new Facts());
  const names: string[] = [];
  let after: string | undefined;
  do {
    const page = await schedules.list({ limit: PAGE, ...(after !== undefined && { after }) });
    names.push(...page.unreadable);
    after = page.next;
  } while (after !== undefined);
  if (names.length === 0) return [];
  const others = names.length > NAMED ? ' and others' : '';
  return [
    `Expected the record of every schedule made at run time to be readable, found ${names.length} that cannot be read (${names.slice(0, NAMED).join(', ')}${others}). ` +
      'They make no jobs: make them anew, or remove them with "shiftwork schedules remove NAME".',
  ];
}

/** What a release has left behind: jobs in queues that no contract names any more. */
async function leftQueues(engine: Engine, app: App): Promise<readonly string[]> {
  const unnamed = await readUnnamedQueues(engine, app, await engine.queueNames());
  return unnamed
    .filter(queue => unfinishedIn(queue) + queue.dead > 0)
    .map(
      ({ name, waiting, running, delayed, dead }) =>
        `Expected a contract for every queue that holds jobs, found none for "${name}": ${waiting} waiting, ${delayed} delayed, ` +
        `${running} running, ${dead} dead. Nobody runs them: see docs/guides/retiring-a-queue.md.`,
    );
}
