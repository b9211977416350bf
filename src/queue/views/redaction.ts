import {
  createScrubber,
  ENCRYPTED,
  encryptedText,
  REDACTED,
  redactData,
  scrubDeep,
  scrubStart,
  shortened,
} from '../../privacy/index.ts';
import type { AnyJobContract, App } from '../../contracts/index.ts';
import type { EngineJob } from '../../engine/index.ts';
import { readMeta } from '../meta/job-meta.ts';

/** What tells whose data it is. Also true of the template of a job scheduler, of which no job has been made yet. */
export type Described = Pick<EngineJob, 'name' | 'queueName'> & { readonly opts: Pick<EngineJob['opts'], 'telemetry'> };

/**
 * The contract that says what of a job may be shown. Undefined where none does: an unknown name, a foreign queue, or another
 * version than ours, whose sensitive fields may have had other names.
 */
export function contractOf(app: Pick<App, 'jobs'>, job: Described): AnyJobContract | undefined {
  const contract = app.jobs.get(job.name);
  if (contract === undefined || contract.queue !== job.queueName) return undefined;
  return readMeta(job.opts.telemetry?.metadata).version === contract.version ? contract : undefined;
}

export interface Redaction {
  readonly data: unknown;
  /** Takes the sensitive values of this job out of a text that may quote them. */
  readonly scrub: (text: string) => string;
  /** For what a handler returned or reported: shown only where a contract is known. */
  readonly result: (value: unknown) => unknown;
}

/** How a job with this data is shown; nested no deeper than people read, so that it can always be written as JSON. */
export function redactionOf(contract: AnyJobContract | undefined, data: unknown): Redaction {
  const isPlain = contract !== undefined && contract.sensitive.length === 0;
  if (contract === undefined || (!isPlain && (typeof data !== 'object' || data === null))) return unknownJob(data);
  const full = createScrubber(contract, data);
  const scrub = (text: string): string => shortened(scrubStart(text, full), TEXT_KEPT);
  // A value that is sensitive in one field may stand in another one too.
  return {
    data: scrubDeep(redactData(contract, data), full),
    scrub,
    result: value => (encryptedText(value) === undefined ? scrubDeep(value, full) : ENCRYPTED),
  };
}

/** Of an error or a line of a log; each page polls them again and again. */
const TEXT_KEPT = 20_000;

/** Nobody has said what of it is sensitive, so all of it is; its texts lose every value that the data holds. */
function unknownJob(data: unknown): Redaction {
  const full = createScrubber({ sensitive: ['data'] }, { data });
  return {
    data: REDACTED,
    scrub: text => shortened(scrubStart(text, full), TEXT_KEPT),
    result: value => (typeof value === 'number' || value === null || value === undefined ? value : REDACTED),
  };
}

/** As `scrubDeep`, for options: their numbers are times and counts, and the page reckons with them. */
export function scrubTexts(value: unknown, scrub: (text: string) => string): unknown {
  return scrubDeep(value, scrub, 'kept');
}
