import { Environment } from '../../config/index.ts';
import { loadApp } from '../../contracts/index.ts';
import { openEngine } from '../../engine/index.ts';
import { EngineUnreachableError } from '../../errors/index.ts';
import { Facts } from '../../facts/index.ts';
import { ResourceSet } from '../../runtime/index.ts';
import type { Command } from '../command.ts';
import { readEngineSettings } from '../engine-settings.ts';
import { parseCommand } from '../parse.ts';

export const check: Command = {
  name: 'check',
  summary: 'configuration, engine, clock, handlers against contracts: everything at once; starts nothing',
  usage: 'shiftwork check [--json]',
  async run(args, terminal) {
    const { app: path, json } = parseCommand(args, {}, { min: 0, max: 0 });
    const app = await loadApp(path);
    const environment = new Environment(terminal.variables);
    const { url, namespace } = readEngineSettings(environment);
    const warnings = [...app.jobs.values()]
      .filter(({ name }) => !app.handlers.has(name))
      .map(
        ({ name, queue }) =>
          `Job "${name}" has no handler: a worker assigned to queue "${queue}" will refuse to start.`,
      );
    new ResourceSet(new Facts()).configure(environment, app.handlers.values());
    const errors = [...environment.problems];
    if (url !== '') {
      const engine = openEngine({ url, namespace, role: 'producer' });
      try {
        const report = await engine.check();
        errors.push(...report.errors);
        warnings.push(...report.warnings);
      } catch (error) {
        if (!(error instanceof EngineUnreachableError)) throw error;
        errors.push(error.message);
      } finally {
        await engine.close(1_000);
      }
    }
    if (json) terminal.print(JSON.stringify({ errors, warnings }));
    else {
      for (const error of errors) terminal.print(`error    ${error}`);
      for (const warning of warnings) terminal.print(`warning  ${warning}`);
      if (errors.length === 0) terminal.print(warnings.length === 0 ? 'all is well' : 'no errors');
    }
    return errors.length === 0 ? 0 : 1;
  },
};
