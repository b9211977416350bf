import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { npm, packAll } from '../../local/release/packed.ts';
import { ROOT } from '../architecture/source-texts.ts';
import { freePort } from '../support/free-port.ts';
import { startRedis } from '../support/redis-server.ts';
import { tryOpenApiClient } from './openapi-client.ts';
import { blocksOf, borrowedFiles, type Block } from './blocks.ts';
import { Walk } from './walk.ts';

/**
 * `npm run try-guides`: a reader of docs/guides/first-job.md, and one of each part of docs/guides/frameworks.md, who begins in an empty folder, does what the
 * page says in its order with the packed packages, and stops at the first job that is done. Prints how many seconds that took without what is installed
 * (the goal is 90). It needs the network: Node 22 and the frameworks come from the registry, into a folder that goes afterwards.
 *
 * `-- --only Nest,Express`   these parts; `first` is the first job's page, `http` a client that a generator makes of the HTTP door's OpenAPI
 * `-- --node 22`             on that one alone (22.x from npm; 24 is the one that runs this)
 */
const { values } = parseArgs({ options: { only: { type: 'string' }, node: { type: 'string' } } });

const FIRST = blocksOf('first-job.md');
const GUIDES: Readonly<Record<string, readonly Block[]>> = {
  first: FIRST,
  Express: withTheFirst('Express'),
  Fastify: withTheFirst('Fastify'),
  Next: withTheFirst('Next'),
  Nest: withTheFirst('Nest'),
  CommonJS: withTheFirst('CommonJS'),
};

/** Each part is read after the page before, of which it takes the installation and the files that it names. */
function withTheFirst(part: string): readonly Block[] {
  return [...FIRST.slice(0, 1), ...borrowedFiles(part, FIRST), ...blocksOf('frameworks.md', part)];
}

/** It has no page of steps: what a client does is in openapi-client.ts. */
const HTTP = 'http';

const work = mkdtempSync(join(tmpdir(), 'shiftwork-guides-'));
const asked = values.only?.split(',') ?? [...Object.keys(GUIDES), HTTP];
const names = asked.filter(name => name !== HTTP);
const nodes = values.node?.split(',') ?? ['24', '22'];
const redis = await startRedis();
let database = 0;
try {
  const [library] = names.length === 0 ? [] : packAll(ROOT, work).filter(({ name }) => name === 'shiftwork');
  const tarball = library?.tarball ?? '';
  for (const node of nodes) {
    const program = node === '22' ? node22() : process.execPath;
    const version = execFileSync(program, ['--version'], { encoding: 'utf8' }).trim();
    for (const name of names) {
      const seconds = await walk(GUIDES[name] ?? [], program, tarball, database++).catch(failed);
      console.log(`${name} on ${version}: ${typeof seconds === 'number' ? `${seconds.toFixed(1)} s` : seconds}`);
    }
  }
  if (asked.includes(HTTP)) {
    const seconds = await tryOpenApiClient(work).catch(failed);
    console.log(`${HTTP}, a generated client: ${typeof seconds === 'number' ? `${seconds.toFixed(1)} s` : seconds}`);
  }
} finally {
  await redis.stop();
  rmSync(work, { recursive: true, force: true });
}

function failed(error: unknown): string {
  process.exitCode = 1;
  return error instanceof Error ? error.message : String(error);
}

async function walk(blocks: readonly Block[], program: string, tarball: string, database: number): Promise<number> {
  const folder = mkdtempSync(join(work, 'app-'));
  // All of them have a queue of one name.
  const engine = `${redis.url}/${database}`;
  npm(['init', '--yes', '--loglevel=silent'], folder);
  await using walk = new Walk({
    folder,
    env: {
      ...process.env,
      PATH: `${dirname(program)}${delimiter}${process.env['PATH'] ?? ''}`,
      REDIS_URL: engine,
      SHIFTWORK_NAMESPACE: '',
      NEXT_TELEMETRY_DISABLED: '1',
      npm_config_prefer_offline: 'true',
      npm_config_loglevel: 'error',
    },
    instead: [
      ['npm install shiftwork', `npm install ${tarball}`],
      ['redis://localhost:6379', engine],
      ['3000', String(await freePort())],
    ],
  });
  for (const block of blocks) await walk.take(block);
  await walk.welcomed();
  return walk.seconds;
}

/** Node itself, without a script that installs it. */
function node22(): string {
  const folder = join(work, 'node');
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  npm(['install', '--no-audit', '--no-fund', '--loglevel=error', '--prefix', folder, `${name}@22`], work);
  return join(folder, 'node_modules', name, 'bin/node');
}
