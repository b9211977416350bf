import { optsDecodeMap, optsEncodeMap, type JobsOptions } from 'bullmq';

/** Leans on BullMQ 6.7: some options are stored under short names, those of telemetry apart. */
const SHORT: ReadonlyMap<string, string> = new Map(Object.entries(optsEncodeMap));
const LONG: ReadonlyMap<string, string> = new Map(Object.entries(optsDecodeMap));

/** Options that many jobs share are frozen: their text is made once. Making it for each was the largest part of what an add cost this process. */
const SHARED = new WeakMap<object, string>();

/** Options as a job's hash has them, with the metadata of its telemetry. */
export function writeOptions(opts: Readonly<JobsOptions>, metadata?: string): string {
  const text = Object.isFrozen(opts) ? shared(opts) : write(opts);
  return metadata === undefined ? text : `${text.slice(0, -1)},"tm":${JSON.stringify(metadata)}}`;
}

function shared(opts: Readonly<JobsOptions>): string {
  const known = SHARED.get(opts);
  if (known !== undefined) return known;
  const text = write(opts);
  SHARED.set(opts, text);
  return text;
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

/** @throws SyntaxError, TypeError for what is no JSON object */
export function readOptions(text: string): JobsOptions {
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
