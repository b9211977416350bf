import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PUBLISHED } from './published.ts';

/** `npm run -s tarballs -- DIR`: builds, packs every published package into DIR and prints their file names, a line each. */
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const [directory] = process.argv.slice(2);
if (directory === undefined) {
  console.error('Expected a folder for the tarballs, found none: npm run -s tarballs -- DIR');
  process.exit(2);
}
const target = resolve(process.env['INIT_CWD'] ?? process.cwd(), directory);
mkdirSync(target, { recursive: true });
execFileSync(process.execPath, [join(ROOT, 'local/build.ts')], { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
for (const folder of PUBLISHED) {
  const answer = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', target], {
    cwd: join(ROOT, folder),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const packed = JSON.parse(answer) as
    readonly { readonly filename: string }[] | Readonly<Record<string, { readonly filename: string }>>;
  for (const { filename } of Object.values(packed)) console.log(filename);
}
