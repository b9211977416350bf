import { resolve } from 'node:path';
import {
  type Command,
  parseCommand,
  type ParsedArguments,
  type Terminal,
  UsageError,
  wrongWord,
} from '../command/index.ts';
import { parseRedisAddress, type RedisAddress } from '../config/index.ts';
import { toError } from '../errors/index.ts';
import { findQueues, type FoundQueue } from './read/find-queues.ts';
import { readQueue } from './read/read-queue.ts';
import { readWorkers } from './read/read-workers.ts';
import { Reader } from './read/reader.ts';
import { adoptQueue, settleOrigins, type AdoptedQueue } from './write/adopted-queue.ts';
import type { ReportFacts } from './write/report-text.ts';
import { entriesOf, filesOf, writeFiles } from './write/write-files.ts';

const OPTIONS = {
  prefix: { type: 'string' },
  queue: { type: 'string' },
  sample: { type: 'string' },
  out: { type: 'string' },
} as const;

/** A Redis with more keys is looked at in part: ten million take SCAN about ten seconds of its time. */
const LIMITS = { maxKeys: 10_000_000, maxQueues: 500 };
const SAMPLE = 1_000;
const LARGEST_SAMPLE = 10_000;

interface Wanted {
  readonly address: RedisAddress;
  readonly prefix: string | undefined;
  readonly queue: string | undefined;
  readonly sample: number;
  readonly folder: string;
}

export const adopt: Command = {
  usage: 'shiftwork adopt REDIS_URL [--prefix PREFIX] [--queue NAME] [--sample N] [--out FOLDER] [--json]',
  details: [
    'Finds the queues of BullMQ and Bull, looks at up to N jobs of each (1,000), and writes contracts with schemas, a',
    'configuration and REPORT.md into FOLDER (./adopted). It only reads: a user with +@read will do. No value of a job',
    'is written or printed, only shapes and counts. docs/guides/moving-from-bullmq.md says what comes next.',
    '',
  ],
  takesApp: false,
  async run(args, terminal) {
    const parsed = parseCommand(args, OPTIONS, { min: 1, max: 1 }, ['app']);
    const wanted = wantedOf(parsed);
    const found = await look(wanted, terminal);
    if (found === undefined) return 1;
    const files = filesOf({ ...found, target: wanted.address.target });
    writeFiles(wanted.folder, files);
    if (parsed.json) terminal.print(JSON.stringify({ ...found, folder: wanted.folder, files: [...files.keys()] }));
    else for (const path of files.keys()) terminal.print(`wrote ${resolve(wanted.folder, path)}`);
    return 0;
  },
};

function wantedOf(parsed: ParsedArguments): Wanted {
  const { address, problems } = parseRedisAddress('REDIS_URL', parsed.positionals[0] ?? '');
  if (address === undefined) throw new UsageError(problems.join('\n'));
  const sample = Number(parsed.text('sample') ?? SAMPLE);
  if (!Number.isInteger(sample) || sample < 1 || sample > LARGEST_SAMPLE) {
    throw wrongWord(`--sample to be a whole number from 1 to ${LARGEST_SAMPLE}`, parsed.text('sample'));
  }
  const folder = resolve(parsed.text('out') ?? 'adopted');
  const [first] = entriesOf(folder);
  if (first !== undefined) {
    throw new UsageError(`Expected --out to be an empty folder, found "${first}" in ${folder}. Nothing was written.`);
  }
  return { address, prefix: parsed.text('prefix'), queue: parsed.text('queue'), sample, folder };
}

/** Undefined, and why on standard error, where there is nothing to write down. */
async function look(wanted: Wanted, terminal: Terminal): Promise<Omit<ReportFacts, 'target'> | undefined> {
  try {
    await using reader = await Reader.open(wanted.address);
    const { queues: found, whole: isWhole } = await search(reader, wanted, terminal);
    const workersOf = await readWorkers(reader);
    const queues: AdoptedQueue[] = [];
    for (const [index, queue] of found.entries()) {
      const seen = await readQueue(reader, queue, wanted.sample);
      if (seen === undefined) continue;
      queues.push(adoptQueue(seen, workersOf?.(queue)));
      terminal.complain(`${index + 1} of ${found.length}: ${queue.name}, ${queues.at(-1)?.looked} jobs looked at`);
    }
    if (queues.length > 0) return { queues: settleOrigins(queues), isWhole };
    terminal.complain(
      `Expected queues of BullMQ on ${wanted.address.target}${wanted.prefix === undefined ? '' : ` with the prefix "${wanted.prefix}"`}, found none${isWhole ? '' : ' among the keys that were looked at'}. Is it the right server and database?`,
    );
  } catch (error) {
    const { message } = toError(error);
    const advice = message.startsWith('NOPERM')
      ? ' The user needs +@read on these keys, and +select for another database than 0.'
      : '';
    terminal.complain(`Could not read ${wanted.address.target}: ${message}.${advice} Nothing was written.`);
  }
  return undefined;
}

async function search(
  reader: Reader,
  { prefix, queue }: Wanted,
  terminal: Terminal,
): Promise<{ readonly queues: readonly FoundQueue[]; readonly whole: boolean }> {
  if (queue !== undefined) return { queues: [{ prefix: prefix ?? 'bull', name: queue }], whole: true };
  let told = 0;
  return findQueues(reader, prefix, LIMITS, (looked, queues) => {
    if (looked < told + 500_000) return;
    told = looked;
    terminal.complain(`looked at about ${looked.toLocaleString('en')} keys, ${queues} queues so far`);
  });
}
