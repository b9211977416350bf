import { Environment, type Variables } from '../../config/index.ts';
import { loadApp, openDatabase, ROOMS } from '../../boot/index.ts';
import { type AnyResource, type App, type Handler } from '../../contracts/index.ts';
import { openEngine, type Engine, readEngineSettings } from '../../engine/index.ts';
import { Facts } from '../../facts/index.ts';
import { migrateSchema, type Migrated } from '../../migrations/index.ts';
import { ResourceSet } from '../../runtime/index.ts';
import { type Command, parseCommand } from '../../command/index.ts';

export const migrate: Command = {
  usage: 'shiftwork migrate [--app PATH] [--json]',
  details: ['What handlers need and this environment does not hold (a mail server, a sink) is left out and named.', ''],
  async run(args, terminal) {
    const { app: path, json } = parseCommand(args, {}, { min: 0, max: 0 });
    const app = await loadApp(path);
    const environment = new Environment(terminal.variables);
    const { url, namespace, secrets } = readEngineSettings(environment);
    const { ready, leftOut } = splitNeeds(app, terminal.variables);
    const resources = new ResourceSet(new Facts());
    resources.configure(environment, ready);
    environment.check();
    const done: string[] = [];
    const say = (step: string): void => {
      done.push(step);
      if (!json) terminal.print(step);
    };
    const engine = openEngine({ url, namespace, secrets, role: 'producer' });
    try {
      engine.place(app);
      const migrated = await engine.migrate();
      if (migrated.length === 0) say('queues: Redis needs no tables');
      for (const part of migrated) say(reportOf(part));
      if (environment.has('DATABASE_URL')) await migrateTables(environment, engine, namespace, app, say);
      await resources.open(ready);
      await resources.migrate();
      say('handlers: what they store is up to date');
    } finally {
      await engine.close(1_000);
      await resources.close();
    }
    if (json) terminal.print(JSON.stringify({ done, leftOut }));
    else {
      for (const { resource, problems } of leftOut) terminal.print(`left out: ${resource}. ${problems.join(' ')}`);
    }
    return 0;
  },
};

async function migrateTables(
  environment: Environment,
  engine: Engine,
  namespace: string | undefined,
  app: App,
  say: (step: string) => void,
): Promise<void> {
  const pool = await openDatabase(environment.string('DATABASE_URL', ''), 2);
  try {
    for (const { tables } of ROOMS) {
      if (tables === undefined) continue;
      say(reportOf(await migrateSchema(pool, await tables.schema(namespace))));
      for (const step of (await tables.prepare?.({ app, pool, engine, namespace })) ?? []) say(step);
    }
  } finally {
    await pool.end();
  }
}

/** Such as `outbox: migration 2 (order of keys) done`. */
function reportOf({ part, from, to, applied }: Migrated): string {
  if (applied.length === 0) return `${part}: tables are up to date (migration ${to})`;
  const numbers = to === from ? '' : `migration ${from + 1}${to > from + 1 ? ` to ${to}` : ''} `;
  return `${part}: ${numbers}done (${applied.join(', ')})`;
}

interface LeftOut {
  /** A resource of the handlers. */
  readonly resource: string;
  readonly problems: readonly string[];
}

/** A release phase may run without a worker's whole environment, such as its mail server; what it has is migrated. */
function splitNeeds(app: App, variables: Variables): { ready: Handler[]; leftOut: LeftOut[] } {
  const usable = new Map<AnyResource, boolean>();
  const leftOut: LeftOut[] = [];
  const handlers = [...app.handlers.values()];
  const only = (resource: AnyResource): Handler[] =>
    handlers
      .filter(({ needs }) => Object.values(needs).includes(resource))
      .map(handler => ({ ...handler, needs: { resource } }));
  for (const resource of new Set(handlers.flatMap(({ needs }) => Object.values(needs)))) {
    const environment = new Environment(variables);
    new ResourceSet(new Facts()).configure(environment, only(resource));
    usable.set(resource, environment.problems.length === 0);
    if (environment.problems.length > 0) leftOut.push({ resource: resource.name, problems: environment.problems });
  }
  const ready = handlers.map(handler => ({
    ...handler,
    needs: Object.fromEntries(Object.entries(handler.needs).filter(([, resource]) => usable.get(resource))),
  }));
  return { ready, leftOut };
}
