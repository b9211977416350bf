import { createHash } from 'node:crypto';
import type { KeyedDigests } from '../../secrets/index.ts';
import { canonicalJson } from '../keys/canonical-json.ts';
import type { PreparedJob } from '../prepare/prepare.ts';

/** By which a repeat of a call is told from one with other jobs: keyed, so that nothing can be learned of the data. */
export type BatchDigest = (digests: KeyedDigests) => string;

/** Of the contracts and the data of all jobs, in their order. `generated`: of each job, the fields that were made up for the call. */
export function batchDigest(
  id: string,
  jobs: readonly PreparedJob[],
  generated: readonly GeneratedFields[],
): BatchDigest {
  const hash = createHash('sha256');
  for (const [index, { contract, json }] of jobs.entries()) {
    hash.update(`${contract.name} ${canonicalJson(json, generated[index])}\n`);
  }
  const all = hash.digest('hex');
  return digests => digests.of('data', `${id} ${all}`).slice(0, 22);
}

type GeneratedFields = readonly string[] | undefined;
