import { createStoredScrubber, type AnyJobContract } from '../../contracts/index.ts';
import type { EngineJob, EngineQueue } from '../../engine/index.ts';
import { InvalidOptionsError } from '../../errors/index.ts';
import { REDACTED, type PayloadCipher } from '../../privacy/index.ts';
import { openState } from '../../state/index.ts';
import { shownJobId } from '../ids/job-id.ts';
import { canonicalJson } from '../keys/canonical-json.ts';
import { readMeta } from '../meta/job-meta.ts';
import { decryptedData } from '../prepare/stored-json.ts';
import { checkData, type CheckedData } from '../update/check-update.ts';
import type { ChangeContext } from '../update/update-job.ts';
import { readStoredJob } from '../views/read-stored-job.ts';
import type { CheckedReplay } from './check-replay.ts';
import { exclusively } from './exclusively.ts';
import { inTheWayOf, isPutBackRefusal, putBack } from './put-back.ts';
import type { EndedFor, ReplayedJob } from './replayed-job.ts';
import { ReplayRefusedError } from './replay-refused-error.ts';
import { replayAnew } from './replay-anew.ts';
import { plainJson } from './plain-data.ts';
import { unfit } from './unfit.ts';

/** @throws ReplayRefusedError, InvalidOptionsError, InvalidPayloadError, PayloadTooLargeError, UndecodableJobError; what the engine throws */
export async function replayJob(
  on: ChangeContext,
  { id, queue: name }: { readonly id: string; readonly queue: string },
  { contract: given, data, by }: CheckedReplay,
): Promise<ReplayedJob> {
  const shown = shownJobId({ queue: name, id });
  const queue = await on.engine.existingQueue(name);
  if (queue === undefined) throw new ReplayRefusedError(shown, 'unknown');
  const state = await openState(on.engine);
  const answer = await exclusively(state, shown, async () => {
    const job = await readStoredJob(queue, id);
    if (job === undefined) throw new ReplayRefusedError(shown, 'unknown');
    const from = await endIn(queue, id);
    if (from === undefined) throw new ReplayRefusedError(shown, 'open');
    const contract = given ?? contractOf(on, job);
    if (contract.name !== job.name || contract.queue !== name) throw new ReplayRefusedError(shown, 'other-contract');
    const ended: EndedFor = { job, id, queue, from, contract, by };
    const changed = data === undefined ? undefined : changedData(on, contract, job, data);
    return changed === undefined ? replayAsItIs(on, state, ended) : replayAnew(on, ended, changed);
  });
  if (answer === 'busy') throw new ReplayRefusedError(shown, 'busy');
  return answer;
}

async function replayAsItIs(
  { engine, facts }: ChangeContext,
  state: Awaited<ReturnType<typeof openState>>,
  { job, id, queue, from, contract, by }: EndedFor,
): Promise<ReplayedJob> {
  const shown = shownJobId({ queue: queue.name, id });
  const why = await unfit(engine.cipher, contract, job, engine.clock.now());
  if (why !== undefined) throw new ReplayRefusedError(shown, why);
  const other = await inTheWayOf(engine, queue, job, from);
  if (other !== undefined)
    throw new ReplayRefusedError(shown, other.reason, shownJobId({ queue: queue.name, id: other.id }));
  const steps = await (await engine.turns(queue.name)).stepNames(id);
  const scrub = scrubberOf(engine.cipher, contract, job);
  try {
    await putBack({ engine, state, queue }, job, from, by);
  } catch (error) {
    throw isPutBackRefusal(error) ? new ReplayRefusedError(shown, 'open') : error;
  }
  const { name } = contract;
  facts.emit('job.replayed', { jobId: id, jobName: name, queue: queue.name, by });
  return {
    id: shown,
    name,
    queue: queue.name,
    replayOf: undefined,
    skips: steps.map(scrub),
  };
}

/** Takes what is sensitive out of the names of steps, which are made of data at times. Of data that cannot be decrypted here nobody knows what it is. */
function scrubberOf(cipher: PayloadCipher, contract: AnyJobContract, job: EngineJob): (name: string) => string {
  const meta = readMeta(job.opts.telemetry?.metadata);
  const read = decryptedData(cipher, contract, meta, job.data);
  if (read.kind !== 'data') return () => REDACTED;
  return createStoredScrubber(contract, { version: meta.version, data: read.data });
}

/** Undefined where that is what the job has carried, as the same version. */
function changedData(
  { engine }: ChangeContext,
  contract: AnyJobContract,
  job: EngineJob,
  data: unknown,
): CheckedData | undefined {
  const checked = checkData(contract, data);
  const isSame =
    readMeta(job.opts.telemetry?.metadata).version === contract.version &&
    canonicalJson(plainJson(engine.cipher, contract, job)) === canonicalJson(checked.json);
  return isSame ? undefined : checked;
}

async function endIn(queue: EngineQueue, id: string): Promise<'failed' | 'completed' | undefined> {
  const state = await queue.getJobState(id);
  return state === 'failed' || state === 'completed' ? state : undefined;
}

function contractOf({ jobs }: ChangeContext, { name }: EngineJob): AnyJobContract {
  const contract = jobs?.get(name);
  if (contract !== undefined) return contract;
  throw new InvalidOptionsError(
    `Expected the contract of "${String(name).slice(0, 100)}", replay(id, { contract }), or a client that knows the app and that job in it, ` +
      'connect({ app }): a job is put back only where a contract says that it can run.',
  );
}
