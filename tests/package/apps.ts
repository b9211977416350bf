/** Three empty apps that use the package as their users would; each enqueues one job and prints its id. */
const MANIFEST = { name: 'app', private: true, version: '0.0.0' };

export interface App {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  /** What to run after `npm install`. */
  readonly entry: string;
  /** Beside the package itself. */
  readonly dependencies: readonly string[];
}

/** A contract and a handler of the user's own: nothing of the catalogue, no mail server, no database. */
const OWN_APP = `
import { defineApp, defineJob, handle } from 'shiftwork';
import { z } from 'zod';
export const greet = defineJob({ queue: 'greetings', name: 'greet', schema: z.strictObject({ name: z.string() }) });
export default defineApp({ jobs: [greet], handlers: [handle(greet, ({ name }) => ({ greeted: name.length }))] });
`;

export const APPS: readonly App[] = [
  {
    name: 'an ESM app',
    entry: 'main.js',
    dependencies: [],
    files: {
      'package.json': JSON.stringify({ ...MANIFEST, type: 'module' }),
      'shiftwork.config.js': OWN_APP,
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
      'tsconfig.json': JSON.stringify({
        compilerOptions: {
          target: 'es2024',
          lib: ['es2024', 'dom', 'esnext.disposable', 'esnext.error'],
          module: 'nodenext',
          strict: true,
          noUncheckedIndexedAccess: true,
          exactOptionalPropertyTypes: true,
          verbatimModuleSyntax: true,
          skipLibCheck: false,
          types: ['node'],
          outDir: 'build',
          rootDir: 'source',
        },
        include: ['source'],
      }),
      'shiftwork.config.js': OWN_APP,
      'source/main.ts': `
import { connect, defineJob, handle, QueueUnavailableError, type JobReceipt } from 'shiftwork';
import { welcomeEmail } from 'shiftwork/jobs';
import { createAnalyticsProducer, createEmailProducer, createNotificationProducer } from 'shiftwork/producers';
import { runHandler } from 'shiftwork/testing';
import { emailHandlers } from 'shiftwork/workers';
import { z } from 'zod';

const greet = defineJob({ queue: 'greetings', name: 'greet', schema: z.strictObject({ name: z.string() }), sensitive: ['name'] });
const client = connect({ redis: process.env['REDIS_URL'] });
const email = createEmailProducer(client);
const send: (user: { userId: string; email: string; name: string }) => Promise<JobReceipt> = user => email.sendWelcomeEmail(user);
createAnalyticsProducer(client);
createNotificationProducer(client);
void [send, welcomeEmail, emailHandlers, QueueUnavailableError, runHandler];
await runHandler(handle(greet, ({ name }) => name.length), { name: 'x' });
const { id } = await client.enqueue(greet, { name: 'TypeScript' }, { priority: 'high' });
console.log(id);
await client.close();
`,
    },
  },
];
