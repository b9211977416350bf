import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { plant, type PlantedBug } from './planted-bug.ts';

/** The bug that this process runs with, from whoever started it. The source on disk stays as it is. */
export function bugOfProcess(): PlantedBug | undefined {
  const text = process.env['SHIFTWORK_PLANTED_BUG'];
  return text === undefined ? undefined : (JSON.parse(text) as PlantedBug);
}

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** For Vitest, which reads sources through Vite: before its types are taken away. */
export function plantedBugPlugin(): {
  readonly name: string;
  readonly enforce: 'pre';
  transform(source: string, id: string): string | undefined;
} {
  const bug = bugOfProcess();
  return {
    name: 'planted-bug',
    enforce: 'pre',
    transform: (source, id) => (bug !== undefined && id === join(ROOT, bug.file) ? planted(bug) : void source),
  };
}

/** For Node, which reads them itself: `node --import` of this file. */
const bug = bugOfProcess();
if (bug !== undefined) {
  const url = new URL(bug.file, new URL('../../../', import.meta.url)).href;
  registerHooks({
    load(asked, context, next) {
      if (asked !== url) return next(asked, context);
      return { format: 'module-typescript', source: planted(bug), shortCircuit: true };
    },
  });
}

/** From disk: what a tool hands over may have been changed by another. */
function planted(wanted: PlantedBug): string {
  return plant(readFileSync(join(ROOT, wanted.file), 'utf8'), wanted);
}
