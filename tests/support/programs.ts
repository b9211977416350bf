import { createHash } from 'node:crypto';
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The programs that tests start by the hundred, and the apps that they load, made one of few files once for a run. Half of what a start
 * costs is finding and linking 600 modules: measured, 150 ms of CPU instead of 350 ms for what a worker imports, and no thread that strips
 * types. What is started from its source all the same: what `npm start` and the Procfile start (tests/e2e), and the long form of the fault
 * cases.
 */
const PROGRAMS = [
  'workers/main.ts',
  'src/cli/main.ts',
  'dashboard/main.ts',
  'tests/faults/app/*.ts',
  'tests/support/apps/*.ts',
  'tests/support/sample-app.config.ts',
  'examples/bank/bank.config.ts',
  'examples/shop/main.ts',
];
/** Threads are looked for beside the file that starts them. */
const THREADS = ['src/runtime/supervisor/watch/sampler-thread.ts'];

/** Asks for a package by `require`, which no module has: loaded from its own files it does. */
const FROM_ITS_PACKAGE = /^@bull-board\//;

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Inside of node_modules, where what is read from a package's folder is found. */
const FOLDER = join(ROOT, 'node_modules/.cache/programs');
const MADE = 'SHIFTWORK_TEST_PROGRAMS';
const KEPT_MS = 24 * 3_600_000;

/** Makes them for `program` in this process and those that it starts. A folder is named by its content: no other run changes it. */
export async function makePrograms(): Promise<void> {
  const { rolldown } = await import('rolldown');
  const input: Record<string, string> = {};
  for (const file of globSync(PROGRAMS, { cwd: ROOT })) input[file.replace(/\.ts$/, '')] = join(ROOT, file);
  for (const file of THREADS) input[`chunks/${/([^/]*)\.ts$/.exec(file)?.[1]}`] = join(ROOT, file);
  const build = await rolldown({ input, cwd: ROOT, platform: 'node', external: FROM_ITS_PACKAGE, logLevel: 'silent' });
  const { output } = await build.generate({ entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' });
  await build.close();
  const files = [
    // Without it Node compiles each file once more, to find out what it is: a twelfth of a start's CPU.
    ['package.json', '{"type":"module"}'] as const,
    ...output.map(each => [each.fileName, each.type === 'chunk' ? each.code : each.source] as const),
  ];
  const content = createHash('sha256');
  for (const [name, text] of files) content.update(name).update(text);
  const folder = join(FOLDER, content.digest('hex').slice(0, 16));
  mkdirSync(FOLDER, { recursive: true });
  for (const name of readdirSync(FOLDER)) {
    const old = join(FOLDER, name);
    if (old !== folder && statSync(old).mtimeMs < Date.now() - KEPT_MS) rmSync(old, { recursive: true, force: true });
  }
  if (!existsSync(folder)) {
    const half = mkdtempSync(join(FOLDER, 'half-'));
    for (const [name, text] of files) {
      mkdirSync(dirname(join(half, name)), { recursive: true });
      writeFileSync(join(half, name), text);
    }
    try {
      renameSync(half, folder);
    } catch (error) {
      // Another run has made the same meanwhile.
      rmSync(half, { recursive: true, force: true });
      if (!existsSync(folder)) throw error;
    }
  }
  process.env[MADE] = folder;
}

/** The file to start, or to give as `--app`, by its path from the root: as this run has made it, else its source. All of one program are of one form. */
export function program(path: string): string {
  const made = process.env[MADE];
  return made === undefined ? join(ROOT, path) : join(made, path.replace(/\.ts$/, '.js'));
}
