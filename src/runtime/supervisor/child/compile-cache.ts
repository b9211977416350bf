import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Variables } from '../../../config/index.ts';
import { codeOf } from '../../../errors/index.ts';

/** Nobody but its owner may do anything with it. */
const OWN_ALONE = 0o700;

/**
 * A folder for Node's compile cache, or undefined where there is none that can be trusted: what lies in it is run as code, so only this user
 * may write there. Measured with this app on Node 24: a worker's start takes 0.46 times the CPU of one without (`npm run bench:start`).
 */
export function compileCacheFolder(within: string = tmpdir()): string | undefined {
  const user = process.getuid?.();
  if (user === undefined) return undefined;
  const folder = join(within, `shiftwork-compile-cache-${user}`);
  try {
    make(folder);
    // Not followed: a link that somebody else has put there leads anywhere.
    const found = lstatSync(folder);
    return found.isDirectory() && found.uid === user && (found.mode & 0o077) === 0 ? folder : undefined;
  } catch {
    return undefined;
  }
}

/** Not `recursive`: Node asks for ever where the kernel answers ENOENT, as below /proc. */
function make(folder: string): void {
  try {
    mkdirSync(folder, { mode: OWN_ALONE });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

/** What a worker's environment gains. What the user has set about the cache stays as it is. */
export function compileCacheVariables(variables: Variables): Variables {
  if (variables['NODE_COMPILE_CACHE'] !== undefined || variables['NODE_DISABLE_COMPILE_CACHE'] !== undefined) return {};
  const folder = compileCacheFolder();
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: folder };
}
