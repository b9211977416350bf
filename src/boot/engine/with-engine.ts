import { Environment, type Variables } from '../../config/index.ts';
import type { App } from '../../contracts/index.ts';
import { openEngine, readEngineSettings, type Engine, type EngineSettings } from '../../engine/index.ts';
import { Facts } from '../../facts/index.ts';
import { clientOn, type Client } from '../../queue/index.ts';

/** Opens the engine for as long as `use` takes. */
export async function withEngine<Result>(
  variables: Variables,
  use: (engine: Engine) => Promise<Result>,
): Promise<Result> {
  const { url, namespace, secrets } = engineSettings(variables);
  const engine = openEngine({ url, namespace, secrets, role: 'producer' });
  try {
    return await use(engine);
  } finally {
    await engine.close(1_000);
  }
}

/** Opens a client for as long as `use` takes. */
export async function withClient<Result>(
  variables: Variables,
  use: (client: Client, engine: Engine) => Promise<Result>,
  app?: App,
): Promise<Result> {
  return withEngine(variables, async engine => {
    if (app !== undefined) engine.place(app);
    const client = clientOn(engine, new Facts(), undefined, undefined, app);
    try {
      return await use(client, engine);
    } finally {
      await client.close();
    }
  });
}

/** @throws InvalidConfigError */
function engineSettings(variables: Variables): EngineSettings {
  const environment = new Environment(variables);
  const settings = readEngineSettings(environment);
  environment.check();
  return settings;
}
