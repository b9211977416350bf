import { storedKeyOf, type EngineJob, type EngineQueue, type GroupedOptions, type NewJob } from '../../engine/index.ts';
import { groupOptions, saidGroups } from '../groups/job-groups.ts';
import { shownTags, tagDigests, tagsOf } from '../find/job-tags.ts';
import { shownJobId } from '../ids/job-id.ts';
import { canonicalJson } from '../keys/canonical-json.ts';
import { readMeta, traceIdOf, writeMeta } from '../meta/job-meta.ts';
import { optionsOf } from '../prepare/prepare.ts';
import { PRIORITY_NUMBERS } from '../prepare/priorities.ts';
import { encryptedIn, storedJson } from '../prepare/stored-json.ts';
import type { CheckedData } from '../update/check-update.ts';
import type { ChangeContext } from '../update/update-job.ts';
import { updatedKey } from '../update/updated-key.ts';
import { readStoredJob } from '../views/read-stored-job.ts';
import { plainData, plainJson } from './plain-data.ts';
import { ACT_MS } from './exclusively.ts';
import { keyHolder } from './put-back.ts';
import type { EndedFor, ReplayedJob } from './replayed-job.ts';
import { ReplayRefusedError } from './replay-refused-error.ts';
import { successorOf, takePlace } from './take-place.ts';

/** Until it has the other's place the new job does not begin; where its maker dies before, it begins after this, and takes the place itself. */
const LEAD_MS = 60_000;

/**
 * Runs a job again with other data: as a new job, which takes its place in key and batch and has its history. A dead letter is none from then on.
 * The new job's id is made of the end that is replayed, so that whoever repeats what was done by half goes on with it.
 */
export async function replayAnew(on: ChangeContext, ended: EndedFor, data: CheckedData): Promise<ReplayedJob> {
  const { engine, facts } = on;
  const { job, id, queue, contract, by } = ended;
  const newId = successorOf(queue.name, job, id);
  const shown = shownJobId({ queue: queue.name, id });
  const made = await readStoredJob(queue, newId);
  if (made === undefined) await queueAnew(on, ended, data, newId);
  // Also behind the write: whoever stands still for longer than others wait for it may find that somebody else was quicker.
  const stands = made ?? (await readStoredJob(queue, newId));
  if (
    stands !== undefined &&
    canonicalJson(plainJson(on.engine.cipher, contract, stands)) !== canonicalJson(data.json)
  ) {
    throw new ReplayRefusedError(shown, 'replayed', newId);
  }
  const { batchId } = readMeta(job.opts.telemetry?.metadata);
  const place = { queue: queue.name, id: newId, of: id, by, batchId };
  if ((await takePlace(engine, place, engine.clock.now())) === 'too-late') {
    // Where that fails its run finds out. The key goes back to the one that runs, or did.
    await queue.remove(newId).catch(() => undefined);
    await keyHolder(engine, queue.name, job).catch(() => undefined);
    throw new ReplayRefusedError(shown, 'open');
  }
  await begin(on, queue, newId);
  const { name } = contract;
  facts.emit('job.replayed', { jobId: id, jobName: name, queue: queue.name, by, as: newId });
  if (made === undefined) {
    const meta = readMeta(job.opts.telemetry?.metadata);
    const correlationId = meta.correlationId ?? id;
    const traceId = traceIdOf(meta.traceparent);
    facts.emit('job.enqueued', { jobId: newId, jobName: name, queue: queue.name, correlationId, traceId, delayMs: 0 });
  }
  return { id: newId, name, queue: queue.name, replayOf: shown, skips: [] };
}

async function queueAnew(on: ChangeContext, ended: EndedFor, data: CheckedData, newId: string): Promise<void> {
  const { engine, adding } = on;
  const { job, id, queue } = ended;
  const name = shownJobId({ queue: queue.name, id });
  if (await isInFlow(on, queue, job)) throw new ReplayRefusedError(name, 'in-flow');
  const made = await newJob(on, ended, data, newId);
  const holder = await keyHolder(engine, queue.name, job, ACT_MS);
  if (holder !== undefined)
    throw new ReplayRefusedError(name, 'key-held', shownJobId({ queue: queue.name, id: holder }));
  const [answer] = await adding.add(queue.name, [made]);
  if (answer !== undefined && answer.id !== newId)
    throw new ReplayRefusedError(name, 'key-held', shownJobId({ queue: queue.name, id: answer.id }));
}

async function newJob(
  { engine, secrets: source }: ChangeContext,
  { job, id, contract, by }: EndedFor,
  data: CheckedData,
  newId: string,
): Promise<NewJob> {
  const secrets = await source.load();
  const stored = storedKeyOf(job.opts);
  const key = stored && updatedKey(stored, contract, data, plainData(engine.cipher, contract, job), secrets);
  if (stored !== undefined && key === undefined)
    throw new ReplayRefusedError(shownJobId({ queue: contract.queue, id }), 'other-key');
  const tags = tagsOf(contract, data.output);
  const opts = optionsOf(contract, job.opts.priority ?? PRIORITY_NUMBERS[contract.priority], LEAD_MS, {
    key,
    grouped: groupOptions(contract, saidGroups(contract, data.output), secrets.present),
    tg: tags && tagDigests(secrets.present, tags),
  });
  const meta = readMeta(job.opts.telemetry?.metadata);
  const metadata = writeMeta({
    ...meta,
    version: contract.version,
    correlationId: meta.correlationId ?? id,
    part: undefined,
    tags: tags && shownTags(contract, tags),
    replayOf: shownJobId({ queue: contract.queue, id }),
    encrypted: encryptedIn(engine.cipher, contract),
    replayedBy: by,
  });
  const timestamp = Math.floor(engine.clock.now());
  const json = storedJson(engine.cipher, contract, data.data, data.json);
  return { id: newId, name: contract.name, data: json, opts, metadata, timestamp, instead: id };
}

/** Lets it have its turn. One that runs by now, or was changed by somebody else, needs no more. */
async function begin({ engine, adding }: ChangeContext, queue: EngineQueue, newId: string): Promise<void> {
  const now = engine.clock.now();
  const turns = await adding.queue(queue.name);
  await turns.change(newId, now, made => {
    const { delay: _, ...opts }: GroupedOptions = made.opts;
    return { opts, dueAt: now };
  });
}

async function isInFlow({ engine }: ChangeContext, queue: EngineQueue, job: EngineJob): Promise<boolean> {
  if (job.parentKey !== undefined) return true;
  return (await (await engine.ends()).children({ queue: queue.name, id: job.id ?? '' })).length > 0;
}
