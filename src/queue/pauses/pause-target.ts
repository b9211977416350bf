import { isQueueName, QUEUE_NAME_RULE } from '../../config/index.ts';
import type { AnyJobContract } from '../../contracts/index.ts';
import { contractGroup, groupName } from '../../engine/index.ts';
import { InvalidOptionsError, kindOfText, requireKnown } from '../../errors/index.ts';
import { requireContract, requireText } from '../prepare/check-requests.ts';

/**
 * Whose work is paused.
 * - `{ queue }`: all of it
 * - `{ contract }`: the jobs of one contract; those of others in its queue go on
 * - `{ group }`: `NAME=VALUE`, the jobs that a limit of that name counts together, or `NAME`, all that it counts; in one queue, or in all of the app
 */
export type PauseTarget =
  | { readonly queue: string; readonly contract?: undefined; readonly group?: undefined }
  | { readonly contract: AnyJobContract; readonly queue?: undefined; readonly group?: undefined }
  | { readonly group: string; readonly queue?: string; readonly contract?: undefined };

/** Why and who, for whoever looks later. */
export interface PauseOptions {
  /** At most 500 characters are kept. */
  readonly reason?: string;
  /** `producer` when left out. */
  readonly by?: string;
}

/** A target, as the engine names it: without a group the whole queue. */
export interface CheckedTarget {
  /** Undefined: every queue. */
  readonly queue: string | undefined;
  readonly group: string | undefined;
}

const TARGETS: ReadonlySet<string> = new Set(['queue', 'contract', 'group']);
const OPTIONS: ReadonlySet<string> = new Set(['reason', 'by']);
/** Other values are stored as keyed digests, under which pages and logs show them: `tenant=~3fk2...`. */
const GROUP = /^[^\s\p{Cc}\p{Cs}=/!][^\p{Cc}\p{Cs}=/]{0,98}(=~?[\w.:[\]-]{1,200})?$/u;

/** @throws InvalidOptionsError: these may come from a request */
export function checkTarget(target: PauseTarget): CheckedTarget {
  requireKnown('whose work to pause', target, TARGETS);
  const { queue, contract, group } = target;
  if (queue !== undefined && !isQueueName(queue)) {
    throw new InvalidOptionsError(
      `Expected queue to be the name of a queue, ${QUEUE_NAME_RULE}, got ${kindOfText(queue)}.`,
    );
  }
  if (contract !== undefined) {
    if (queue !== undefined || group !== undefined) {
      throw new InvalidOptionsError('Expected a contract alone, which says its queue, got queue or group beside it.');
    }
    requireContract(contract, 'Give what defineJob answered, not its name: pause({ contract: letter })');
    return { queue: contract.queue, group: contractGroup(contract.name) };
  }
  if (group === undefined) {
    if (queue === undefined)
      throw new InvalidOptionsError('Expected a queue, a contract or a group, got none of them.');
    return { queue, group: undefined };
  }
  if (typeof group !== 'string' || !GROUP.test(group)) {
    throw new InvalidOptionsError(
      'Expected group to be NAME or NAME=VALUE, with the name of a limit, such as "tenant=t1". A value of other characters than letters, digits and . : - _ [ ] is stored as a digest: name it as pages and logs do.',
    );
  }
  const at = group.indexOf('=');
  return { queue, group: at === -1 ? group : groupName(group.slice(0, at), group.slice(at + 1)) };
}

/** @throws InvalidOptionsError */
export function checkPauseOptions(options: PauseOptions): { readonly reason: string | undefined; readonly by: string } {
  requireKnown('the options of a pause', options, OPTIONS);
  const { reason, by = 'producer' } = options;
  if (reason !== undefined) requireText('reason', reason);
  requireText('by', by);
  return { reason, by };
}
