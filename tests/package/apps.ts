import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { OPTIONAL_PACKAGES } from '../../src/errors/index.ts';

/** Empty apps that use the package as their users would; each enqueues one job and prints its id as the last line. */
const MANIFEST = { name: 'app', private: true, version: '0.0.0' };

const ALL = ['shiftwork', '@shiftwork/dashboard'];
/** For every door to open: what the README of the package tells to install for each. */
const PEERS = [...Object.entries(OPTIONAL_PACKAGES).map(([name, major]) => `${name}@${major}`), 'vitest@5'];

export interface App {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  /** What to run after `npm install`. */
  readonly entry: string;
  /** Run to their end, with the engine in the environment. */
  readonly programs?: readonly string[];
  /** Those of ours that it installs. */
  readonly packages: readonly string[];
  /** How many packages ours may bring, themselves counted. */
  readonly packagesAtMost?: number;
  /** Beside ours. */
  readonly dependencies: readonly string[];
}

/** A contract and a handler of the user's own: nothing of the catalogue, no mail server, no database. */
const OWN_APP = `
import { defineApp, defineJob, handle } from 'shiftwork';
import { z } from 'zod';
export const greet = defineJob({ queue: 'greetings', name: 'greet', schema: z.strictObject({ name: z.string() }) });
export default defineApp({ jobs: [greet], handlers: [handle(greet, ({ name }) => ({ greeted: name.length }))] });
`;

/** Compiled with the door's name instead of DOOR: every name that a door gives must have a type that compiles. */
const LOOK_AT_DOOR = `
import * as door from 'DOOR';
if (Object.keys(door).length === 0) throw new Error('DOOR gives nothing');
`;

/** A dashboard in a server of one's own, and what else stands on an engine. */
const OWN_DASHBOARD = `
import { once } from 'node:events';
import { createServer } from 'node:http';
import { defineApp, defineJob, Facts, handle } from 'shiftwork';
import { createDashboard } from '@shiftwork/dashboard';
import { openEngine, type Engine } from 'shiftwork/engine';
import { reconcile, Relay, type RelayOptions } from 'shiftwork/outbox';
import { DeadLetters } from 'shiftwork/dead-letters';
import { readFleet } from 'shiftwork/runtime';
import { z } from 'zod';

const greet = defineJob({ queue: 'greetings', name: 'greet', schema: z.strictObject({ name: z.string() }) });
const app = defineApp({ jobs: [greet], handlers: [handle(greet, ({ name }) => name.length)] });
const engine: Engine = openEngine({ url: process.env['REDIS_URL'] ?? '', role: 'producer' });
const dashboard = createDashboard({ app, engine, users: [], production: false });
const server = createServer(dashboard.handler).listen(0, '127.0.0.1');
await once(server, 'listening');
const address = server.address();
const port = typeof address === 'object' && address !== null ? address.port : 0;
const { status } = await fetch(\`http://127.0.0.1:\${port}/\`);
if (status !== 200) throw new Error(\`The dashboard answered \${status}.\`);
await new DeadLetters({ engine, app, facts: new Facts() }).list();
await readFleet(engine);
export const relay = (options: Omit<RelayOptions, 'engine'>): Relay => new Relay({ ...options, engine });
void reconcile;
server.closeAllConnections();
server.close();
await dashboard.close();
await engine.close();
`;

/** Documents whose blocks stand together as an app, each in a folder of its own: the front page and the guides. What frameworks need is tried by `npm run try-guides`. */
const SHOWN = [
  'README.md',
  ...readdirSync(rootFile('docs/guides'))
    .filter(name => name !== 'frameworks.md')
    .map(name => `docs/guides/${name}`),
];

/** The blocks of these that say in their first line in which file they stand: those for vitest, or all others. */
function shownFiles(runner?: 'vitest'): Readonly<Record<string, string>> {
  return Object.fromEntries(
    SHOWN.flatMap(document => {
      const blocks = readFileSync(rootFile(document), 'utf8').matchAll(/```ts\n\/\/ ([\w.-]+\.ts)\n([\s\S]*?)```/g);
      const folder = basename(document, '.md').toLowerCase();
      return [...blocks]
        .filter(([, , block = '']) => block.includes("from 'vitest'") === (runner === 'vitest'))
        .map(([, name = '', block = '']) => [`source/${folder}/${name}`, block]);
    }),
  );
}

function rootFile(path: string): URL {
  return new URL(`../../${path}`, import.meta.url);
}

/** @param doors the package's entries as users write them, such as `shiftwork/jobs` */
export function emptyApps(doors: readonly string[]): readonly App[] {
  // Its declarations extend those of vitest, which the app above has.
  const strictDoors = doors.filter(door => door !== 'shiftwork/testing/vitest');
  return [
    {
      name: 'an app with jobs on Redis alone',
      entry: 'build/main.js',
      packages: ['shiftwork'],
      packagesAtMost: 30,
      dependencies: ['pino@10', '@types/node@24'],
      files: {
        'package.json': JSON.stringify({ ...MANIFEST, type: 'module' }),
        'tsconfig.json': JSON.stringify({ compilerOptions: STRICTEST, include: ['source'] }),
        'shiftwork.config.js': OWN_APP,
        'doors.js':
          "import 'shiftwork';\nimport 'shiftwork/contracts';\nimport 'shiftwork/jobs';\nimport 'shiftwork/producers';\nimport 'shiftwork/workers';\nimport 'shiftwork/runtime';\nimport 'shiftwork/engine';\nimport 'shiftwork/events';\nimport 'shiftwork/telemetry';\nimport 'shiftwork/testing';\n",
        'source/main.ts': `
import { connect, defineJob } from 'shiftwork';
import { z } from 'zod';
const greet = defineJob({ queue: 'greetings', name: 'greet', schema: z.strictObject({ name: z.string() }) });
const client = connect({ redis: process.env['REDIS_URL'] });
console.log((await client.enqueue(greet, { name: 'Redis' })).id);
await client.close();
`,
      },
    },
    {
      name: 'an app whose tests are run by vitest',
      entry: 'build/main.js',
      packages: ['shiftwork'],
      dependencies: ['pino@10', 'vitest@5', '@types/node@24'],
      files: {
        ...shownFiles('vitest'),
        'package.json': JSON.stringify({ ...MANIFEST, type: 'module' }),
        // The types of vitest itself are not as strict.
        'tsconfig.json': JSON.stringify({ compilerOptions: { ...STRICTEST, skipLibCheck: true }, include: ['source'] }),
        'shiftwork.config.js': OWN_APP,
        'doors.js': "import 'shiftwork/testing';\nimport 'shiftwork/testing/vitest';\n",
        'source/matchers.ts': `
import { expect } from 'vitest';
import { defineApp, defineJob, handle } from 'shiftwork';
import { createTestApp } from 'shiftwork/testing';
import { z } from 'zod';
const greet = defineJob({ queue: 'greetings', name: 'greet', schema: z.strictObject({ name: z.string() }) });
const app = defineApp({ jobs: [greet], handlers: [handle(greet, ({ name }) => name.length)] });
export function look(): void {
  const test = createTestApp(app);
  expect(test).toHaveEnqueued(greet, { name: 'Ada' });
  // @ts-expect-error no such matcher
  expect(test).toHaveEnqueuedTwice(greet);
}
`,
        'source/main.ts': `
import { connect, defineJob } from 'shiftwork';
import { z } from 'zod';
const greet = defineJob({ queue: 'greetings', name: 'greet', schema: z.strictObject({ name: z.string() }) });
const client = connect({ redis: process.env['REDIS_URL'] });
console.log((await client.enqueue(greet, { name: 'vitest' })).id);
await client.close();
`,
      },
    },
    {
      name: 'an ESM app',
      entry: 'main.js',
      packages: ALL,
      dependencies: PEERS,
      files: {
        'package.json': JSON.stringify({ ...MANIFEST, type: 'module' }),
        'shiftwork.config.js': OWN_APP,
        'doors.js': doors
          .map((door, index) => `import * as door${index} from '${door}';\nvoid door${index};\n`)
          .join(''),
        'main.js': `
import { connect } from 'shiftwork';
import { createEmailProducer } from 'shiftwork/producers';
import { greet } from './shiftwork.config.js';
const client = connect({ redis: process.env.REDIS_URL });
createEmailProducer(client);
console.log((await client.enqueue(greet, { name: 'ESM' })).id);
await client.close();
`,
      },
    },
    {
      name: 'a CommonJS app',
      entry: 'main.js',
      packages: ALL,
      dependencies: PEERS,
      files: {
        'package.json': JSON.stringify(MANIFEST),
        'shiftwork.config.mjs': OWN_APP,
        'doors.js': doors.map(door => `require('${door}');\n`).join(''),
        'main.js': `
const { connect, defineJob } = require('shiftwork');
const { createEmailProducer } = require('shiftwork/producers');
const { welcomeEmail } = require('shiftwork/jobs');
const { z } = require('zod');
const greet = defineJob({ queue: 'greetings', name: 'greet', schema: z.strictObject({ name: z.string() }) });
if (welcomeEmail.queue !== 'email') throw new Error('the catalogue is not what it should be');
const client = connect({ redis: process.env.REDIS_URL });
createEmailProducer(client);
client.enqueue(greet, { name: 'CommonJS' }).then(async ({ id }) => {
  console.log(id);
  await client.close();
});
`,
      },
    },
    {
      name: 'a strict TypeScript app',
      entry: 'build/main.js',
      packages: ALL,
      dependencies: [...PEERS, '@types/node@24', '@types/pg@8', '@types/express@5'],
      programs: ['build/dashboard.js'],
      files: {
        ...shownFiles(),
        'source/dashboard.ts': OWN_DASHBOARD,
        'package.json': JSON.stringify({ ...MANIFEST, type: 'module' }),
        'tsconfig.json': JSON.stringify({ compilerOptions: STRICTEST, include: ['source'] }),
        'shiftwork.config.js': OWN_APP,
        'doors.js': "import './build/doors.js';\n",
        'source/doors.ts': strictDoors.map((_, index) => `import './door-${index}.js';\n`).join(''),
        ...Object.fromEntries(
          strictDoors.map((door, index) => [`source/door-${index}.ts`, LOOK_AT_DOOR.replaceAll('DOOR', door)]),
        ),
        'source/main.ts': `
import { connect, defineJob, handle, QueueUnavailableError, type JobReceipt } from 'shiftwork';
import { welcomeEmail } from 'shiftwork/jobs';
import { createAnalyticsProducer, createEmailProducer, createNotificationProducer } from 'shiftwork/producers';
import { z } from 'zod';

const greet = defineJob({ queue: 'greetings', name: 'greet', schema: z.strictObject({ name: z.string() }), sensitive: ['name'] });
const client = connect({ redis: process.env['REDIS_URL'] });
const email = createEmailProducer(client);
const send: (user: { userId: string; email: string; name: string }) => Promise<JobReceipt> = user => email.sendWelcomeEmail(user);
// @ts-expect-error a wrong call does not compile
const wrong = (): Promise<JobReceipt> => client.enqueue(greet, { name: 1 });
createAnalyticsProducer(client);
createNotificationProducer(client);
void [send, wrong, welcomeEmail, QueueUnavailableError, handle(greet, ({ name }) => name.length)];
const { id } = await client.enqueue(greet, { name: 'TypeScript' }, { priority: 'high' });
console.log(id);
await client.close();
`,
      },
    },
  ];
}

const STRICTEST = {
  target: 'es2024',
  // No dom: what the declarations need beside Node's types, they must bring.
  lib: ['es2024'],
  module: 'nodenext',
  strict: true,
  noUncheckedIndexedAccess: true,
  noUncheckedSideEffectImports: true,
  noPropertyAccessFromIndexSignature: true,
  exactOptionalPropertyTypes: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
  rewriteRelativeImportExtensions: true,
  skipLibCheck: false,
  types: ['node'],
  outDir: 'build',
  rootDir: 'source',
};
