import { createScrubber, REDACTED, redactData, scrubDeep } from '../../src/privacy/index.ts';
import { type AnyJobContract, type App } from '../../src/contracts/index.ts';
import type { EngineJob } from '../../src/engine/index.ts';
import { readMeta } from '../../src/queue/index.ts';

/** What tells whose data it is. Also true of the template of a job scheduler, of which no job has been made yet. */
export type Described = Pick<EngineJob, 'name' | 'queueName'> & { readonly opts: Pick<EngineJob['opts'], 'telemetry'> };

/**
 * The contract that says what of a job may be shown. Undefined where none does: an unknown name, a foreign queue, or another
 * version than ours, whose sensitive fields may have had other names.
 */
export function contractOf(app: App, job: Described): AnyJobContract | undefined {
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

/** How a job with this data is shown. When in doubt, nothing of it is. */
export function redactionOf(contract: AnyJobContract | undefined, data: unknown): Redaction {
  try {
    if (contract === undefined) return unknownJob(data);
    if (contract.sensitive.length === 0) return { data, scrub: text => text, result: value => value };
    if (typeof data !== 'object' || data === null) return unknownJob(data);
    const scrub = createScrubber(contract, data);
    return {
      // A value that is sensitive in one field may stand in another one too.
      data: scrubDeep(redactData(contract, data), scrub),
      scrub,
      result: value => scrubDeep(value, scrub),
    };
  } catch {
    // Data nested so deep that walking it overflows the stack, for one.
    return { data: REDACTED, scrub: () => REDACTED, result: () => REDACTED };
  }
}

/** Nobody has said what of it is sensitive, so all of it is; its texts lose every value that the data holds. */
function unknownJob(data: unknown): Redaction {
  return {
    data: REDACTED,
    scrub: createScrubber({ sensitive: ['data'] }, { data }),
    result: value => (typeof value === 'number' || value === null || value === undefined ? value : REDACTED),
  };
}

/** As `scrubDeep`, for options: their numbers are times and counts, and the page reckons with them. */
export function scrubTexts(value: unknown, scrub: (text: string) => string): unknown {
  if (typeof value === 'string') return scrub(value);
  if (Array.isArray(value)) return value.map(item => scrubTexts(item, scrub));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, scrubTexts(inner, scrub)]));
}
