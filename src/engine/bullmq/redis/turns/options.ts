import { optsDecodeMap, optsEncodeMap, type JobsOptions } from 'bullmq';
import { OptionTexts } from '../../../turns/index.ts';

/** Leans on BullMQ 6.7: some options are stored under short names, those of telemetry apart. */
const SHORT: ReadonlyMap<string, string> = new Map(Object.entries(optsEncodeMap));
const LONG: ReadonlyMap<string, string> = new Map(Object.entries(optsDecodeMap));

const TEXTS = new OptionTexts(write, (plain, metadata) => `${plain.slice(0, -1)},"tm":${JSON.stringify(metadata)}}`);

/** Options as a job's hash has them, with the metadata of its telemetry. */
export function writeOptions(opts: Readonly<JobsOptions>, metadata?: string): string {
  return TEXTS.of(opts, metadata);
}

/** `attempts` 0 when left out, as BullMQ's Job has it. */
function write(opts: Readonly<JobsOptions>): string {
  const stored: Record<string, unknown> = { attempts: 0 };
  for (const [name, value] of Object.entries(opts)) {
    if (value === undefined || name === 'repeatJobKey') continue;
    if (name === 'telemetry') {
      stored['tm'] = opts.telemetry?.metadata;
      stored['omc'] = opts.telemetry?.omitContext;
    } else if (name === 'backoff')
      stored['backoff'] = typeof value === 'number' ? { type: 'fixed', delay: value } : value;
    else stored[SHORT.get(name) ?? name] = value;
  }
  return JSON.stringify(stored);
}

/** Few texts are read again and again: those of a contract, or of the members of a batch. What has a key or a trace of its own is read once. */
const READ = new Map<string, JobsOptions>();
const READ_KEPT = 64;
const LONGEST_KEPT = 500;

/** The same options for the same text: nobody may change them. @throws SyntaxError, TypeError for what is no JSON object */
export function readOptions(text: string): JobsOptions {
  const known = READ.get(text);
  if (known !== undefined) return known;
  const opts = frozen(read(text));
  if (text.length > LONGEST_KEPT) return opts;
  if (READ.size >= READ_KEPT) READ.clear();
  READ.set(text, opts);
  return opts;
}

function frozen<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  Object.values(value).forEach(frozen);
  return Object.freeze(value);
}

function read(text: string): JobsOptions {
  const stored: unknown = JSON.parse(text);
  if (typeof stored !== 'object' || stored === null || Array.isArray(stored)) throw new TypeError('not an object');
  const opts: Record<string, unknown> = {};
  let telemetry: Record<string, unknown> | undefined;
  for (const [name, value] of Object.entries(stored)) {
    if (name === 'tm') telemetry = { ...telemetry, metadata: value };
    else if (name === 'omc') telemetry = { ...telemetry, omitContext: value };
    else opts[LONG.get(name) ?? name] = value;
  }
  if (telemetry !== undefined) opts['telemetry'] = telemetry;
  return opts;
}
