/** Three empty apps that use the package as their users would; each enqueues one job and prints its id as the last line. */
const MANIFEST = { name: 'app', private: true, version: '0.0.0' };

export interface App {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  /** What to run after `npm install`. */
  readonly entry: string;
  /** Beside the package itself and zod. */
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

/** @param doors the package's entries as users write them, such as `shiftwork/jobs` */
export function emptyApps(doors: readonly string[]): readonly App[] {
  return [
    {
      name: 'an ESM app',
      entry: 'main.js',
      dependencies: [],
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
      dependencies: [],
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
      dependencies: ['@types/node@24'],
      files: {
        'package.json': JSON.stringify({ ...MANIFEST, type: 'module' }),
        'tsconfig.json': JSON.stringify({ compilerOptions: STRICTEST, include: ['source'] }),
        'shiftwork.config.js': OWN_APP,
        'doors.js': "import './build/doors.js';\n",
        'source/doors.ts': doors.map((_, index) => `import './door-${index}.js';\n`).join(''),
        ...Object.fromEntries(
          doors.map((door, index) => [`source/door-${index}.ts`, LOOK_AT_DOOR.replaceAll('DOOR', door)]),
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
  skipLibCheck: false,
  types: ['node'],
  outDir: 'build',
  rootDir: 'source',
};
