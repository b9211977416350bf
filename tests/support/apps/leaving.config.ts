import { z } from 'zod';
import { defineApp, defineJob, handle } from '../../../src/contracts/index.ts';

export const leave = defineJob({ queue: 'leaving', name: 'leave', schema: z.strictObject({ code: z.int() }) });

/** A job that ends its process, as a library may that calls `process.exit()`. */
export default defineApp({
  jobs: [leave],
  handlers: [handle(leave, ({ code }) => process.exit(code))],
});
