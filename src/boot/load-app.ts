import { pathToFileURL } from 'node:url';
import { isShiftworkError } from '../errors/index.ts';
import { InvalidConfigError } from '../config/index.ts';
import type { App } from '../contracts/index.ts';
import { findApp } from './find-app.ts';

/**
 * Loads the app's definition: the default export of `path`, or of `shiftwork.config.ts` (or its built form) in `directory`.
 * @throws InvalidConfigError when there is none, when it cannot be loaded, or when it exports something else;
 *   InvalidContractError when it defines something that cannot work
 */
export async function loadApp(path?: string, directory: string = process.cwd()): Promise<App> {
  const { file, candidates } = findApp(path, directory);
  if (file === undefined) {
    throw new InvalidConfigError([
      `Expected an app definition at ${candidates.join(' or ')} in ${directory}, found none; name it with --app PATH.`,
    ]);
  }
  const exported = defaultOf(await load(file));
  // TypeScript that was compiled to CommonJS has its default export one level deeper.
  const app = isApp(exported) ? exported : defaultOf(exported);
  if (!isApp(app)) {
    throw new InvalidConfigError([
      `Expected ${file} to export the result of defineApp(...) as its default, found something else.`,
    ]);
  }
  return app;
}

function defaultOf(loaded: unknown): unknown {
  return typeof loaded === 'object' && loaded !== null && 'default' in loaded ? loaded.default : undefined;
}

async function load(file: string): Promise<unknown> {
  try {
    return await import(pathToFileURL(file).href);
  } catch (error) {
    if (isShiftworkError(error)) throw error;
    throw new InvalidConfigError([`Expected ${file} to load, but ${reasonOf(error)}.`]);
  }
}

/** What was thrown, the first place in a file that its stack names, and what to do where that is known. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it threw something that is no Error';
  const location = /(?:file:\/\/)?(\/[^\s()]+:\d+)/.exec(error.stack ?? '')?.[1];
  const isOfAModule = /^Cannot use import statement|^Unexpected token 'export'/.test(error.message);
  const advice = isOfAModule
    ? '; the nearest package.json does not say that its files are modules: npm pkg set type=module'
    : '';
  return `${error.name}: ${error.message.split('\n', 1)[0]}${location === undefined ? '' : ` (at ${location})`}${advice}`;
}

function isApp(value: unknown): value is App {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'app' && 'jobs' in value;
}
