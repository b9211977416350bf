import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startRedis } from '../support/redis-server.ts';

/**
 * Runs BullMQ's own test suite twice over the BullMQ that this checkout has: as it is, and with our scripts below every Queue and Worker, one job a
 * turn. Says what fails in the second run alone; docs/decisions/0020-turns.md says of which that is known. Its tests are not ours to keep: they come
 * from a checkout of BullMQ, and stay in a temporary folder.
 *
 * Use: `npm run test:bullmq-suite -- DIR_OF_A_CHECKOUT [a part of the names of test files]`.
 */
const ROOT = resolve(import.meta.dirname, '../..');
/** About connections, other drivers, other runtimes and BullMQ's own build: nothing of ours takes part. */
const APART = 'bun*,adapter*,node-redis,valkey*,cluster,connection,sandboxed_process,child*,script_loader,postgres*';
const PACKAGES = ['vitest', 'sinon', 'ioredis', 'rrule', 'progress', 'moment', 'redis', 'pg'];
const LIMIT_MS = 20 * 60_000;
const WORKERS = 3;

const [checkout, only = ''] = process.argv.slice(2);
if (checkout === undefined || !existsSync(join(checkout, 'tests/worker.test.ts'))) {
  console.error(
    `Expected the folder of a checkout of BullMQ, found ${checkout ?? 'nothing'}. It has tests/worker.test.ts.`,
  );
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), 'bullmq-suite-'));
const servers = await Promise.all(
  Array.from({ length: WORKERS }, () => startRedis({ config: { appendonly: 'no', save: '' } })),
);
try {
  prepare(resolve(checkout));
  const stock = await run('stock', []);
  const ours = await run('ours', [join(import.meta.dirname, 'ours.setup.ts')]);
  const apart = [...ours].filter(([name, passed]) => !passed && stock.get(name) === true).map(([name]) => name);
  for (const [which, results] of [['BullMQ’s scripts', stock] as const, ['ours', ours] as const]) {
    const passed = [...results.values()].filter(Boolean).length;
    console.log(`${which}: ${passed} passed, ${results.size - passed} failed`);
  }
  console.log(apart.length === 0 ? 'nothing fails with ours alone' : `with ours alone:\n  ${apart.join('\n  ')}`);
} finally {
  await Promise.all(servers.map(server => server.stop()));
  rmSync(folder, { recursive: true, force: true });
}

/** Its tests, over the built code of the package that we have. */
function prepare(from: string): void {
  for (const name of ['tests', 'vitest.setup.ts']) cpSync(join(from, name), join(folder, name), { recursive: true });
  cpSync(join(ROOT, 'node_modules/bullmq/dist/esm'), join(folder, 'src'), { recursive: true });
  const wanted = { ...dependenciesIn(from, 'devDependencies'), ...dependenciesIn(from, 'dependencies') };
  const needed = ['dependencies', 'peerDependencies'].flatMap(kind =>
    Object.keys(dependenciesIn(join(ROOT, 'node_modules/bullmq'), kind)),
  );
  const names = new Set([...PACKAGES, ...needed].filter(name => wanted[name] !== undefined));
  const dependencies = Object.fromEntries([...names].map(name => [name, wanted[name]]));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module', dependencies }));
  const npm = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--legacy-peer-deps'];
  execFileSync('npm', npm, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'], timeout: LIMIT_MS });
  // Each worker of the run has a server of its own: some tests look at all keys.
  const ports = JSON.stringify(servers.map(({ port }) => port));
  const nth = `Number(process.env.VITEST_POOL_ID ?? 1) % ${WORKERS}`;
  writeFileSync(join(folder, 'port.setup.ts'), `process.env.REDIS_PORT = String(${ports}[${nth}]);\n`);
}

function dependenciesIn(of: string, kind: string): Readonly<Record<string, string>> {
  const about: unknown = JSON.parse(readFileSync(join(of, 'package.json'), 'utf8'));
  const found: unknown = typeof about === 'object' && about !== null ? Reflect.get(about, kind) : undefined;
  return typeof found === 'object' && found !== null ? (found as Readonly<Record<string, string>>) : {};
}

/** Whether each test passed. */
async function run(name: string, more: readonly string[]): Promise<ReadonlyMap<string, boolean>> {
  const test = {
    include: [`tests/*${only}*.test.ts`],
    exclude: [`tests/{${APART}}.test.ts`],
    setupFiles: ['./port.setup.ts', './vitest.setup.ts', ...more],
    testTimeout: 15_000,
    hookTimeout: 15_000,
    maxWorkers: WORKERS,
    reporters: ['default', 'json'],
    outputFile: { json: `${name}.json` },
  };
  writeFileSync(join(folder, 'vitest.config.mjs'), `export default ${JSON.stringify({ test })};\n`);
  const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run'], {
    cwd: folder,
    stdio: 'inherit',
    env: { ...process.env, BULLMQ_SUITE: folder },
    timeout: LIMIT_MS,
  });
  await once(child, 'close');
  return resultsIn(readFileSync(join(folder, `${name}.json`), 'utf8'));
}

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

function resultsIn(json: string): ReadonlyMap<string, boolean> {
  const { testResults } = JSON.parse(json) as Report;
  return new Map(
    testResults.flatMap(({ name, assertionResults }) =>
      assertionResults
        .filter(({ status }) => status === 'passed' || status === 'failed')
        .map(({ fullName, status }) => [`${name.slice(folder.length + 7)}: ${fullName}`, status === 'passed'] as const),
    ),
  );
}
