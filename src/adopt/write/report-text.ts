import type { AdoptedJob, AdoptedQueue } from './adopted-queue.ts';
import { ownFile, sharedNames } from './apps.ts';
import { amount, differences } from './differences.ts';

export interface ReportFacts {
  readonly queues: readonly AdoptedQueue[];
  /** False where a limit ended the search for queues. */
  readonly isWhole: boolean;
  /** Without user and password. */
  readonly target: string;
}

const GUIDE = 'docs/guides/moving-from-bullmq.md';

/** What was found, and what will differ: queue by queue. Markdown. */
export function reportText({ queues, isWhole, target }: ReportFacts): string {
  return [
    `# The queues of ${target}`,
    '',
    `Nothing was written there. The guide is ${GUIDE} of the package \`shiftwork\`.`,
    ...(isWhole ? [] : ['', '**The search ended at its limit: there may be more queues.** Name one with `--queue`.']),
    ...(queues.some(({ workers }) => workers === undefined)
      ? ['', 'How many workers are connected is not known: the user may not run CLIENT LIST.']
      : []),
    ...queues.flatMap(queue => ['', ...queueLines(queue), ...sharedLines(queue, queues)]),
    '',
  ].join('\n');
}

function queueLines(queue: AdoptedQueue): readonly string[] {
  const held = Object.entries(queue.counts).filter(([, count]) => count > 0);
  return [
    `## ${queue.name}`,
    '',
    `- Keys: \`${queue.prefix}:${queue.name}:\`, written by ${originText(queue)}`,
    `- Holds: ${held.map(([state, count]) => `${count} ${state}`).join(', ') || 'nothing'}`,
    ...(queue.workers === undefined ? [] : [`- Workers connected: ${queue.workers}`]),
    `- Looked at: ${amount(queue.looked, 'job')}${skippedText(queue)}`,
    ...queue.jobs.map(jobLine),
    ...differences(queue).map(text => `- **Differs**: ${text}`),
  ];
}

function sharedLines(queue: AdoptedQueue, queues: readonly AdoptedQueue[]): readonly string[] {
  const shared = sharedNames(queue, queues);
  if (shared.length === 0) return [];
  const names = shared.map(name => `\`${name}\``).join(', ');
  return [
    `- **Differs**: jobs of other queues have these names, too: ${names}. A name is unique in an app, so this queue has one of its own, \`${ownFile(queue)}\`: start its workers with \`--app\`, or rename the jobs in the producer first`,
  ];
}

function originText({ origin }: AdoptedQueue): string {
  switch (origin.library) {
    case 'bullmq':
      return `BullMQ ${origin.version ?? 'of a version that nothing here tells'}`;
    case 'bullmq-5-or-newer':
      return 'BullMQ 5 or newer, which did not write its version down';
    case 'bullmq-4-or-older':
      return 'BullMQ 4 or older';
    case 'bull':
      return 'Bull';
  }
}

function skippedText({ tooLarge, unreadable }: AdoptedQueue): string {
  const parts = [
    ...(tooLarge > 0 ? [`${tooLarge} left out, longer than 256 KiB`] : []),
    ...(unreadable > 0 ? [`${unreadable} are no JSON`] : []),
  ];
  return parts.length === 0 ? '' : ` (${parts.join('; ')})`;
}

function jobLine({ name, jobs, options }: AdoptedJob): string {
  const kinds = [
    [options.withDelay, 'delayed'],
    [options.withPriority, 'with a priority'],
    [options.ownIds, 'with an id of their own'],
    [options.deduplicated, 'deduplicated'],
    [options.scheduled, 'of a scheduler'],
    [options.children, 'children of a flow'],
    [options.lifo, 'last in, first out'],
  ] as const;
  const told = kinds.filter(([count]) => count > 0).map(([count, kind]) => `${count} ${kind}`);
  return `- Job \`${name}\`: ${jobs}${told.length === 0 ? '' : `, of them ${told.join(', ')}`}`;
}
