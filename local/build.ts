import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, globSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assemblePackages } from './assemble-packages.ts';

/** `npm run build`: the built form, into dist/ for a Procfile, and from there into packages/ for users. */
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const OUT = join(ROOT, 'dist');
const SOURCES = '{src,jobs,producers,workers,dashboard}';

rmSync(OUT, { recursive: true, force: true });
const { status } = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.build.json'], {
  cwd: ROOT,
  stdio: 'inherit',
});
if (status !== 0) process.exit(status ?? 1);

// What the code reads beside itself and the compiler does not know.
for (const file of globSync(`${SOURCES}/**/*.{css,js,html,sql,svg}`, { cwd: ROOT })) {
  cpSync(join(ROOT, file), join(OUT, file), { recursive: true });
  console.log(`copied ${file} for ${dirname(file)}`);
}
for (const program of ['src/cli/main.js', 'dashboard/main.js']) chmodSync(join(OUT, program), 0o755);
assemblePackages(ROOT);
