import { Environment } from '../../config/index.ts';
import { loadApp } from '../../contracts/index.ts';
import { openEngine } from '../../engine/index.ts';
import { Facts } from '../../facts/index.ts';
import { ResourceSet } from '../../runtime/index.ts';
import type { Command } from '../command.ts';
import { readEngineSettings } from '../engine-settings.ts';
import { parseCommand } from '../parse.ts';

export const migrate: Command = {
  name: 'migrate',
  summary: 'create or upgrade what engine and handlers store; safe to repeat',
  usage: 'shiftwork migrate',
  async run(args, terminal) {
    const { app: path } = parseCommand(args, {}, { min: 0, max: 0 });
    const app = await loadApp(path);
    const environment = new Environment(terminal.variables);
    const { url, kind, namespace } = readEngineSettings(environment);
    const resources = new ResourceSet(new Facts());
    const handlers = [...app.handlers.values()];
    resources.configure(environment, handlers);
    environment.check();
    const engine = openEngine({ url, namespace, role: 'producer' });
    try {
      await engine.migrate();
      terminal.print(kind === 'redis' ? 'queues: Redis needs no tables' : 'queues: tables are up to date');
      await resources.open(handlers);
      await resources.migrate();
      terminal.print('handlers: tables are up to date');
      return 0;
    } finally {
      await engine.close(1_000);
      await resources.close();
    }
  },
};
