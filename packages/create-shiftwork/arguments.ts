import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

export interface Order {
  /** Absolute. */
  readonly folder: string;
  /** What npm may call the app. */
  readonly name: string;
  /** Which Shiftwork to install, as npm writes it in `dependencies`. */
  readonly shiftwork: string;
  readonly install: boolean;
}

/** What the caller wrote that cannot be carried out. Its message ends the program with 2. */
export class CreateUsageError extends Error {
  override readonly name = 'CreateUsageError';
  readonly code = 'CREATE_USAGE';
}

/** What runs the app's TypeScript as it stands: `engines` of the template says the same, of which npm only warns. */
const NEEDED = [22, 18] as const;

/** @throws {CreateUsageError} on a Node on which the app would not start. Whatever this program imports has to load there. */
export function requireNode(version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])) return;
  throw new CreateUsageError(
    `Expected Node ${NEEDED.join('.')} or newer, found ${version}: the app that is made runs on it. Run this with a newer Node; nothing was written.`,
  );
}

const OPTIONS = { shiftwork: { type: 'string' }, 'no-install': { type: 'boolean' } } as const;
const NAME = /^[a-z0-9][a-z0-9._-]{0,213}$/;
export const USAGE = 'npm create shiftwork [FOLDER] [-- [--shiftwork SPEC] [--no-install]]';

/**
 * @param words what stands behind the program's name
 * @param cwd where relative paths begin
 * @param ours the version of Shiftwork that this program belongs to
 * @throws {CreateUsageError}
 */
export function readOrder(words: readonly string[], cwd: string, ours: string): Order {
  const { values, positionals } = parsed(words);
  const [folder = 'shiftwork-app', ...more] = positionals;
  if (more.length > 0) throw usage(`one folder, found ${positionals.length}: ${positionals.join(', ')}`);
  const path = resolve(cwd, folder);
  const name = path.split(/[/\\]/).at(-1)?.toLowerCase() ?? '';
  if (!NAME.test(name)) {
    throw usage(`a folder whose name npm takes as a package's (letters, digits, "-", "_", "."), found "${folder}"`);
  }
  if (values.shiftwork === '') throw usage('a version or the path of a tarball after --shiftwork, found nothing');
  return {
    folder: path,
    name,
    shiftwork: values.shiftwork === undefined ? ours : located(values.shiftwork, cwd),
    install: values['no-install'] !== true,
  };
}

function parsed(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: OPTIONS,
    });
  } catch (error) {
    // Node's advice on "--" is about words that begin with a dash; one sentence is enough.
    const found = error instanceof Error ? error.message.split('. ', 1)[0] : String(error);
    throw usage(`options among --${Object.keys(OPTIONS).join(', --')}, found this: ${found}`);
  }
}

/** npm reads a relative path from the folder of the new app; the caller meant it from where they stand. */
function located(spec: string, cwd: string): string {
  return /^(\.|\/|file:)|\.tgz$/.test(spec) ? `file:${resolve(cwd, spec.replace(/^file:/, ''))}` : spec;
}

function usage(expected: string): CreateUsageError {
  return new CreateUsageError(`Expected ${expected}.\nUsage: ${USAGE}`);
}
