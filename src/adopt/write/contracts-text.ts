import type { OptionsShape } from '../infer/infer-job.ts';
import type { AdoptedJob, AdoptedQueue } from './adopted-queue.ts';

const LONGEST_PAUSE_MS = 24 * 3_600_000;

/** The module with the contracts of one queue. */
export function contractsText(queue: AdoptedQueue): string {
  const backoffs = new Set(queue.jobs.map(({ options }) => backoffName(options)));
  const imported = ['defineJob', ...backoffs].sort().join(', ');
  return [
    `// Inferred from ${queue.looked} jobs of the queue "${queue.name}". Behind each field: in how many objects it was. Read it before you use it.`,
    `import { ${imported} } from 'shiftwork';`,
    `import { z } from 'zod';`,
    ...queue.jobs.flatMap(job => ['', ...contractLines(queue.contractQueue, job)]),
    '',
  ].join('\n');
}

function contractLines(queue: string, { name, constant, jobs, schema, options }: AdoptedJob): readonly string[] {
  const [attempts = { value: 1, count: 0 }] = options.attempts;
  return [
    `/** ${jobs} ${jobs === 1 ? 'job' : 'jobs'} looked at. */`,
    `export const ${constant} = defineJob({`,
    `  queue: ${quote(queue)},`,
    `  name: ${quote(name)},`,
    `  schema: ${schema.text},`,
    `  retry: { attempts: ${attempts.value}, backoff: ${backoffText(options)} }, // attempts: ${attempts.count} of ${jobs}`,
    ...(schema.sensitive.length === 0
      ? []
      : [
          '  // By their names, or because all of them are mail addresses.',
          `  sensitive: [${schema.sensitive.map(quote).join(', ')}],`,
        ]),
    `});`,
  ];
}

function backoffName({ backoffs: [most] }: OptionsShape): 'exponential' | 'fixed' {
  return most?.value.type === 'exponential' ? 'exponential' : 'fixed';
}

function backoffText(options: OptionsShape): string {
  const delayMs = options.backoffs[0]?.value.delayMs ?? 0;
  if (backoffName(options) === 'fixed') return `fixed(${delayMs})`;
  // BullMQ has no bound: this is the pause before the last of the attempts.
  const retries = Math.max(1, (options.attempts[0]?.value ?? 1) - 1);
  return `exponential({ from: ${delayMs}, to: ${Math.min(delayMs * 2 ** (retries - 1), LONGEST_PAUSE_MS)} })`;
}

/** The configuration of one app: contracts only, since the handlers are to be written. */
export function configText(queues: readonly AdoptedQueue[]): string {
  const aliases = queues.map((_, index) => `queue${index + 1}`);
  return [
    `import { defineApp } from 'shiftwork';`,
    ...queues.map(({ file }, index) => `import * as ${aliases[index]} from './jobs/${file}.ts';`),
    '',
    '// Name the handlers here, one for each contract: handlers: [...].',
    'export default defineApp({',
    `  jobs: [${aliases.map(alias => `...Object.values(${alias})`).join(', ')}],`,
    '  handlers: [],',
    '});',
    '',
  ].join('\n');
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', String.raw`\\`).replaceAll("'", String.raw`\'`)}'`;
}
