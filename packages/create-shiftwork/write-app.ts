import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CreateUsageError, type Order } from './arguments.ts';

/** npm leaves files of these names out of a package, so they carry another one there. */
const RENAMED = { gitignore: '.gitignore', dockerignore: '.dockerignore', 'package.template.json': 'package.json' };

/**
 * Copies the template and fills in the names.
 * @throws {CreateUsageError} where the folder holds anything but a `.git`: nothing is written then
 */
export function writeApp({ folder, name, shiftwork }: Order, template: string): void {
  const found = existsSync(folder) ? readdirSync(folder).filter(entry => entry !== '.git') : [];
  if (found.length > 0) {
    throw new CreateUsageError(
      `Expected an empty folder, found ${found.length} entries in ${folder}, ${found[0]} among them. Name another folder; nothing was written.`,
    );
  }
  mkdirSync(folder, { recursive: true });
  cpSync(template, folder, { recursive: true });
  for (const [from, to] of Object.entries(RENAMED)) renameSync(join(folder, from), join(folder, to));
  for (const file of ['package.json', 'README.md']) {
    const path = join(folder, file);
    const text = readFileSync(path, 'utf8').replaceAll('APP_NAME', name).replaceAll('SHIFTWORK_SPEC', shiftwork);
    writeFileSync(path, text);
  }
}
