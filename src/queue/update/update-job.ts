import type { AnyJobContract, App } from '../../contracts/index.ts';
import { storedKeyOf, type ChangeableJob, type GroupedOptions, type JobChange } from '../../engine/index.ts';
import { InvalidOptionsError } from '../../errors/index.ts';
import type { Facts } from '../../facts/index.ts';
import type { PayloadCipher } from '../../privacy/index.ts';
import type { Secrets, SecretSource } from '../../secrets/index.ts';
import type { JobStore } from '../store/store-keyed.ts';
import { marksOf } from '../meta/job-marks.ts';
import { readMeta, writeMeta } from '../meta/job-meta.ts';
import { shownTags, tagDigests, tagsOf } from '../find/job-tags.ts';
import { limitOfDelay } from '../prepare/check-options.ts';
import { decryptedData, storedJson } from '../prepare/stored-json.ts';
import { checkData, type CheckedData, type CheckedUpdate } from './check-update.ts';
import { UpdateRefusedError } from './update-refused-error.ts';
import { groupOptions, saidGroups } from '../groups/job-groups.ts';
import { shownJobId } from '../ids/job-id.ts';
import { updatedKey } from './updated-key.ts';

/** A job that was updated. */
export interface UpdatedJob {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
}

/** With what a client changes jobs. */
export interface ChangeContext extends JobStore {
  readonly facts: Facts;
  readonly secrets: SecretSource;
  /** The app's contracts by name, where the client knows its app. */
  readonly jobs: App['jobs'] | undefined;
}

/** @throws UpdateRefusedError, InvalidOptionsError, InvalidPayloadError, PayloadTooLargeError, PayloadKeyMissingError; what the engine throws */
export async function updateJob(
  { engine, adding, facts, secrets: source, jobs }: ChangeContext,
  { id, queue }: { readonly id: string; readonly queue: string },
  update: CheckedUpdate,
): Promise<UpdatedJob> {
  const { contract, data, atMs, priority } = update;
  // Before anything is asked.
  if (contract !== undefined && data !== undefined) checkData(contract, data);
  const shown = shownJobId({ queue, id });
  if ((await engine.existingQueue(queue)) === undefined) throw new UpdateRefusedError(shown, 'unknown');
  const turns = await adding.queue(queue);
  const secrets = data === undefined ? undefined : await source.load();
  let name = '';
  const answer = await turns.change(id, engine.clock.now(), job => {
    ({ name } = job);
    return changeOf(engine.cipher, contract ?? jobs?.get(name), secrets, shown, job, update);
  });
  if (answer === 'refused') throw new Error('The engine cannot hold the data');
  if (answer !== 'changed') throw new UpdateRefusedError(shown, answer === 'missing' ? 'unknown' : answer);
  const changed = Object.entries({ data, at: atMs, priority }).flatMap(([what, to]) =>
    to === undefined ? [] : [what],
  );
  facts.emit('job.updated', { jobId: id, jobName: name, queue, changed });
  return { id: shown, name, queue };
}

function changeOf(
  cipher: PayloadCipher,
  contract: AnyJobContract | undefined,
  secrets: Secrets | undefined,
  id: string,
  job: ChangeableJob,
  { atMs, priority, data }: CheckedUpdate,
): JobChange {
  if (contract !== undefined && contract.name !== job.name) throw new UpdateRefusedError(id, 'other-contract');
  if (marksOf(job.progress).cancel !== undefined) throw new UpdateRefusedError(id, 'cancelled');
  if (atMs !== undefined && contract !== undefined && atMs - job.timestamp > limitOfDelay(contract)) {
    throw new InvalidOptionsError(
      `Expected at to be at most ${limitOfDelay(contract)} ms after job ${id} was enqueued (it would have expired before it starts), ` +
        `got ${atMs - job.timestamp} ms. Enqueue another job.`,
    );
  }
  let opts: GroupedOptions = { ...job.opts };
  if (atMs !== undefined) opts = delayed(opts, Math.max(0, Math.ceil(atMs - job.timestamp)));
  if (priority !== undefined) opts.priority = priority;
  if (data === undefined) return { opts, priority, dueAt: atMs };
  if (contract === undefined) {
    throw new InvalidOptionsError(
      `Expected the contract of "${job.name.slice(0, 100)}" beside the data, update(id, { contract, data }), or a client that knows the app, ` +
        'connect({ app }): data is stored only where a contract has validated it.',
    );
  }
  const checked = checkData(contract, data);
  const meta = readMeta(job.opts.telemetry?.metadata);
  const before = decryptedData(cipher, contract, meta, job.data);
  opts = carrying(id, opts, contract, checked, before.kind === 'data' ? before.data : job.data, secrets);
  return { opts, priority, dueAt: atMs, data: storedJson(cipher, contract, data, checked.json) };
}

/** Options of a job that carries data of the contract's present version. */
function carrying(
  id: string,
  opts: GroupedOptions,
  contract: AnyJobContract,
  data: CheckedData,
  before: unknown,
  secrets: Secrets | undefined,
): GroupedOptions {
  const { telemetry, tg: _tg, ...untagged } = opts;
  const tags = tagsOf(contract, data.output);
  const shown = tags && shownTags(contract, tags);
  const encrypted = contract.encrypt.length === 0 ? undefined : contract.encrypt;
  const others =
    tags === undefined || secrets === undefined ? untagged : { ...untagged, tg: tagDigests(secrets.present, tags) };
  const metadata = writeMeta({ ...readMeta(telemetry?.metadata), version: contract.version, tags: shown, encrypted });
  const { metadata: _, ...rest } = telemetry ?? {};
  const carried = { ...rest, ...(metadata !== undefined && { metadata }) };
  const { groups: _before, fair: _share, tiers: _numbers, ...ungrouped } = others;
  const next: GroupedOptions = {
    ...ungrouped,
    ...groupOptions(contract, saidGroups(contract, data.output), secrets?.present),
    ...(Object.keys(carried).length > 0 && { telemetry: carried }),
  };
  const stored = storedKeyOf(opts);
  if (stored === undefined || secrets === undefined) return next;
  const key = updatedKey(stored, contract, data, before, secrets);
  if (key === undefined) throw new UpdateRefusedError(id, 'other-key');
  return { ...next, deduplication: key };
}

/** They keep the delay that the job was enqueued with: when it was due first is known by it. */
function delayed(opts: GroupedOptions, delay: number): GroupedOptions {
  const next: GroupedOptions = { ...opts, delay };
  if (delay <= 0) delete next.delay;
  return next;
}
