import type { AnyJobContract, InputOf } from '../../contracts/index.ts';
import { requireKnown } from '../../errors/index.ts';
import { requireContract, requireText } from '../prepare/check-requests.ts';
import { checkData } from '../update/check-update.ts';

/** How a job that has ended is run again. */
export interface JobReplay {
  /** Who asked; kept in the job's history. `producer` when left out. */
  readonly by?: string;
}

/** With its contract, which types and validates the data. */
export interface JobReplayOf<Contract extends AnyJobContract> extends JobReplay {
  readonly contract: Contract;
  /** What it is to run with; as before when left out. */
  readonly data?: InputOf<Contract>;
}

/** A client that was given its app finds the contract by the job's name. */
export interface JobReplayByName extends JobReplay {
  readonly contract?: undefined;
  readonly data?: unknown;
}

export interface CheckedReplay {
  readonly contract: AnyJobContract | undefined;
  readonly data: unknown;
  readonly by: string;
}

const KNOWN: ReadonlySet<string> = new Set(['contract', 'data', 'by']);

/** @throws InvalidOptionsError: these may come from a request; InvalidPayloadError, PayloadTooLargeError */
export function checkReplay(replay: JobReplay & { readonly contract?: AnyJobContract | undefined }): CheckedReplay {
  const given: unknown = replay;
  requireKnown('a replay', given, KNOWN);
  const { contract, by = 'producer' } = replay;
  const data: unknown = 'data' in given ? given.data : undefined;
  requireText('by', by);
  if (contract !== undefined)
    requireContract(contract, 'Give what defineJob answered, not its name: replay(id, { contract: letter })');
  if (contract !== undefined && data !== undefined) checkData(contract, data);
  return { contract, data, by };
}
