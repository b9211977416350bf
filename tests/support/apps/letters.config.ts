import { appendFile } from 'node:fs/promises';
import { z } from 'zod';
import { cancel, defineApp, defineJob, defineResource, handle } from '../../../src/contracts/index.ts';
import { fixed } from '../../../src/resilience/index.ts';

const letter = defineJob({
  queue: 'email',
  name: 'letter',
  schema: z.strictObject({ to: z.string().min(3), end: z.enum(['sent', 'refused', 'unwanted']) }),
  sensitive: ['to'],
  retry: { attempts: 2, backoff: fixed('10ms') },
  key: ({ to, end }) => [to, end],
});

/** Keeps its "tables" in a file. */
const archive = defineResource({
  name: 'archive',
  configure: (environment, { neededBy }) => environment.required('ARCHIVE_FILE', neededBy),
  open: file => file,
  migrate: file => appendFile(file, 'migrated\n'),
});
const postman = defineResource({
  name: 'postman',
  configure: (environment, { neededBy }) => environment.required('POSTMAN', neededBy),
  open: name => name,
});

const sendLetter = handle(letter, { archive, postman }, ({ to, end }) => {
  // A handler that tells too much: what it says must not be found in any output.
  if (end === 'refused') throw new Error(`nobody lives at ${to}`);
  return end === 'unwanted' ? cancel(`${to} has moved`) : { sent: true };
});

/** One job that ends as its data says; its handler needs ARCHIVE_FILE and POSTMAN. */
export default defineApp({ jobs: [letter], handlers: [sendLetter] });
