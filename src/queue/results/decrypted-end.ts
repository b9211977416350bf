import type { AnyJobContract } from '../../contracts/index.ts';
import type { Engine, JobPlace } from '../../engine/index.ts';
import { encryptedText } from '../../privacy/index.ts';
import type { Ended } from './end-waits.ts';
import { ResultUnreadableError } from './result-unreadable-error.ts';

/**
 * How a job ended, with its result decrypted. Whose it is the contract says, or the job while it is kept.
 * @throws PayloadKeyMissingError, EncryptedDataError; ResultUnreadableError where nobody says whose it is
 */
export async function decryptedEnd(
  engine: Engine,
  { queue, id }: JobPlace,
  end: Ended,
  contract: AnyJobContract | undefined,
): Promise<Ended> {
  if (end.kind !== 'succeeded' || !end.result.startsWith('"encrypted:')) return end;
  const stored: unknown = JSON.parse(end.result);
  if (encryptedText(stored) === undefined) return end;
  // It may have encrypted when the job ended, or the job has returned what only looks so.
  if (contract?.encrypt.length === 0)
    return { ...end, result: JSON.stringify(engine.cipher.openedValue(contract.name, 'result', stored)) };
  const name = contract?.name ?? (await (await engine.queue(queue)).getJob(id))?.name;
  if (name === undefined) {
    throw new ResultUnreadableError(
      id,
      'is encrypted and its job is gone, so nobody knows its contract here; give the contract',
    );
  }
  return { ...end, result: JSON.stringify(engine.cipher.decryptValue(name, 'result', stored)) };
}
