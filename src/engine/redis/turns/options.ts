import { optsDecodeMap, optsEncodeMap, type JobsOptions } from 'bullmq';

/** Leans on BullMQ 6.7: some options are stored under short names, those of telemetry apart. */
const SHORT: ReadonlyMap<string, string> = new Map(Object.entries(optsEncodeMap));
const LONG: ReadonlyMap<string, string> = new Map(Object.entries(optsDecodeMap));

/** Options as a job's hash has them. `attempts` 0 when left out, as BullMQ's Job has it. */
export function writeOptions(opts: Readonly<JobsOptions>): string {
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
