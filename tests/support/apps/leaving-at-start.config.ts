import { z } from 'zod';
import { defineApp, defineJob, defineResource, handle } from '../../../src/contracts/index.ts';

const job = defineJob({ queue: 'leaving', name: 'never-runs', schema: z.strictObject({}) });
/** A library that ends the process when it is opened, and calls that a success. */
const leaves = defineResource({ name: 'leaves', configure: () => undefined, open: () => process.exit(0) });

export default defineApp({ jobs: [job], handlers: [handle(job, { leaves }, () => undefined)] });
