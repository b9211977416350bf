import { storedKeyOf, type EngineJob, type EngineQueue, type GroupedOptions, type NewJob } from '../../engine/index.ts';
import { namedGroups, saidGroups } from '../groups/job-groups.ts';
import { shownTags, tagDigests, tagsOf } from '../find/job-tags.ts';
import { partId, shownJobId } from '../ids/job-id.ts';
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
import { keyHolder } from './put-back.ts';
import { replayedLine } from './replayed-line.ts';
import type { EndedFor, ReplayedJob } from './replayed-job.ts';
import { ReplayRefusedError } from './replay-refused-error.ts';

/** Until its history is with it the new job does not begin; where its maker dies before, it begins after this. */
const LEAD_MS = 60_000;
const HISTORY_KEPT = 50;

/**
 * Runs a job again with other data: as a new job, which takes its place in key and batch and has its history. A dead letter is none from then on.
 * The new job's id is made of the end that is replayed, so that whoever repeats what was done by half goes on with it.
 */
export async function replayAnew(on: ChangeContext, ended: EndedFor, data: CheckedData): Promise<ReplayedJob> {
  const { facts } = on;
  const { job, id, queue, from, contract, by } = ended;
  const newId = partId(queue.name, job.finishedOn ?? job.timestamp, id, `replay ${job.finishedOn}`);
  const made = await readStoredJob(queue, newId);
  if (made === undefined) await queueAnew(on, ended, data, newId);
  else if (canonicalJson(plainJson(on.engine.cipher, contract, made)) !== canonicalJson(data.json)) {
    throw new ReplayRefusedError(id, 'replayed', newId);
  }
  await begin(on, ended, newId);
  // Its key is the new job's, and so is its place in a batch.
  if (from === 'failed') await queue.remove(id);
  const { name } = contract;
  facts.emit('job.replayed', { jobId: id, jobName: name, queue: queue.name, by, as: newId });
  if (made === undefined) {
    const meta = readMeta(job.opts.telemetry?.metadata);
    const correlationId = meta.correlationId ?? id;
    const traceId = traceIdOf(meta.traceparent);
    facts.emit('job.enqueued', { jobId: newId, jobName: name, queue: queue.name, correlationId, traceId, delayMs: 0 });
  }
  return { id: newId, name, queue: queue.name, replayOf: shownJobId({ queue: queue.name, id }), skips: [] };
}

async function queueAnew(on: ChangeContext, ended: EndedFor, data: CheckedData, newId: string): Promise<void> {
  const { engine, adding } = on;
  const { job, id, queue } = ended;
  if (await isInFlow(on, queue, job)) throw new ReplayRefusedError(id, 'in-flow');
  const made = await newJob(on, ended, data, newId);
  const holder = await keyHolder(engine, queue.name, job);
  if (holder !== undefined) throw new ReplayRefusedError(id, 'key-held', holder);
  const { batchId } = readMeta(job.opts.telemetry?.metadata);
  const now = Math.floor(engine.clock.now());
  if (batchId !== undefined) await (await engine.batches()).replaceMember(batchId, id, newId, now);
  const [answer] = await adding.add(queue.name, [made]);
  if (answer !== undefined && answer.id !== newId) throw new ReplayRefusedError(id, 'key-held', answer.id);
}

async function newJob(
  { engine, secrets: source }: ChangeContext,
  { job, id, contract }: EndedFor,
  data: CheckedData,
  newId: string,
): Promise<NewJob> {
  const secrets = await source.load();
  const stored = storedKeyOf(job.opts);
  const key = stored && updatedKey(stored, contract, data, plainData(engine.cipher, contract, job), secrets);
  if (stored !== undefined && key === undefined) throw new ReplayRefusedError(id, 'other-key');
  const tags = tagsOf(contract, data.output);
  const opts = optionsOf(contract, job.opts.priority ?? PRIORITY_NUMBERS[contract.priority], LEAD_MS, {
    key,
    groups: namedGroups(saidGroups(contract, data.output), secrets.present),
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
  });
  const timestamp = Math.floor(engine.clock.now());
  const json = storedJson(engine.cipher, contract, data.data, data.json);
  return { id: newId, name: contract.name, data: json, opts, metadata, timestamp, instead: id };
}

/** Gives it its history, once, and lets it have its turn. */
async function begin({ engine, adding }: ChangeContext, { id, queue, by }: EndedFor, newId: string): Promise<void> {
  const now = engine.clock.now();
  if ((await linesOf(queue, newId)).length === 0) {
    for (const line of (await linesOf(queue, id)).slice(-HISTORY_KEPT)) await queue.addJobLog(newId, line);
    await queue.addJobLog(newId, replayedLine(now, by, id));
  }
  const turns = await adding.queue(queue.name);
  // One that runs by now, or was changed by somebody else, needs no more.
  await turns.change(newId, now, made => {
    const { delay: _, ...opts }: GroupedOptions = made.opts;
    return { opts, dueAt: now };
  });
}

async function linesOf(queue: EngineQueue, id: string): Promise<readonly string[]> {
  const { logs }: { readonly logs: unknown } = await queue.getJobLogs(id);
  return Array.isArray(logs) ? logs.map(String) : [];
}

async function isInFlow({ engine }: ChangeContext, queue: EngineQueue, job: EngineJob): Promise<boolean> {
  if (job.parentKey !== undefined) return true;
  return (await (await engine.ends()).children({ queue: queue.name, id: job.id ?? '' })).length > 0;
}
