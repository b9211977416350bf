import type { AnyJobContract } from '../../contracts/index.ts';
import { InvalidOptionsError, requireKnown } from '../../errors/index.ts';
import { toMilliseconds, type Duration } from '../../time/index.ts';
import { requireContract, requireSignal } from '../prepare/check-requests.ts';

/** Per-call options of `client.result` and `client.enqueueAndWait`. */
export interface ResultOptions {
  /** How long to wait: 30 seconds when left out, a day at most. */
  readonly timeout?: Duration;
  /** Ends the waiting, not the job. */
  readonly signal?: AbortSignal;
}

export interface CheckedResultOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly contract: AnyJobContract | undefined;
}

const KNOWN: ReadonlySet<string> = new Set(['timeout', 'signal', 'contract']);
const DAY_MS = 86_400_000;

/** @throws InvalidOptionsError: these may come from a request */
export function checkResultOptions(
  options: ResultOptions & { readonly contract?: AnyJobContract | undefined },
): CheckedResultOptions {
  requireKnown('the options of result', options, KNOWN);
  const { timeout = '30s', signal, contract } = options;
  const timeoutMs = toMilliseconds(timeout, 'timeout');
  if (timeoutMs > DAY_MS) throw new InvalidOptionsError(`Expected timeout to be at most a day, got ${timeoutMs} ms.`);
  requireSignal(signal);
  if (contract !== undefined)
    requireContract(contract, 'Give what defineJob answered, not its name: result(id, { contract: letter })');
  return { timeoutMs, signal, contract };
}
