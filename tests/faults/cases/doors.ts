import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { connect, type Client, type JobView } from '../../../src/queue/index.ts';
import { program } from '../../support/programs.ts';
import { waitFor } from '../../support/wait-for.ts';
import { A_SECOND, AT_ONCE, limited, plain, told } from '../app/doors.config.ts';
import { BOTH, type FaultCase } from '../case.ts';
import { tooMany } from '../too-many.ts';
import { ONE, type Trial } from '../trial.ts';

const APP = program('tests/faults/app/doors.config.ts');

const keyOf = (id: string): string => `${id}:${createHash('sha256').update(id).digest('base64')}`;
const [OLD, NEW] = [keyOf('old'), keyOf('new')];

/** A producer of the trial's app, with those keys. */
function clientOf({ engine: { kind, url }, namespace }: Trial, payloadKeys: string) {
  return connect({ [kind]: url, namespace, payloadKeys });
}

/** One after another: hundreds of questions at once are more than a pool of PostgreSQL answers in two seconds on a busy machine. */
async function viewsOf(client: Pick<Client, 'job'>, ids: readonly string[]): Promise<readonly (JobView | undefined)[]> {
  const views: (JobView | undefined)[] = [];
  for (const id of ids)
    views.push(
      await waitFor(`job ${id} to be read`, async () => ({ view: await client.job(id) })).then(({ view }) => view),
    );
  return views;
}

const keyLost: FaultCase = {
  number: 65,
  title:
    'the key that waiting jobs are encrypted with is lost to a release, the engine is killed meanwhile, and the key comes back',
  engines: BOTH,
  // On PostgreSQL as well: tests/security/encryption.int.test.ts.
  smokeOn: ['redis'],
  async run(trial) {
    const client = clientOf(trial, OLD);
    try {
      const count = 30 * trial.scale;
      const whole = await trial.readyFleet({ ...ONE, PAYLOAD_KEYS: OLD }, APP);
      const jobs = Array.from({ length: count }, (_, n) => told({ token: `token-${n}` }));
      const most = trial.between(0, count / 4);
      const before = await client.enqueueMany(jobs.slice(0, count / 2));
      await waitFor('some to run', () => trial.sink().length > most);
      whole.killHost();
      // All of the first may have ended before the kill came.
      const receipts = [...before, ...(await client.enqueueMany(jobs.slice(count / 2)))];

      const keyless = await trial.readyFleet({ ...ONE, PAYLOAD_KEYS: NEW }, APP);
      const namesKey = () =>
        keyless
          .facts('work.paused')
          .some(({ reason, part }) => part === 'job/told' && String(reason).includes('"old"'));
      await waitFor('its contract to be paused', namesKey);
      const asks = async () => (await client.enqueue(plain, { key: 'goes on' })).id;
      const other = await asks();
      await waitFor('another contract', () => trial.sink().some(({ jobId }) => jobId === other));
      const pauses = await client.pauses(['chaos']);
      const isNamed = pauses.some(({ kind, keyId, of }) => kind === 'key' && keyId === 'old' && of.contract === 'told');
      if (trial.between(0, 1) === 1 || trial.scale === 1) {
        await trial.engine.kill();
        await trial.engine.restart();
        const after = await waitFor('the producer', () => asks().catch(() => undefined));
        await waitFor('another contract after that', () => trial.sink().some(({ jobId }) => jobId === after));
      }
      const ranWithout = trial.sink().filter(({ what, pid }) => what === 'start' && keyless.workers().includes(pid));
      keyless.killHost();

      await trial.readyFleet({ ...ONE, PAYLOAD_KEYS: `${NEW},${OLD}` }, APP);
      // The long form waits for the half minute after which workers look again.
      if (trial.scale === 1) await client.resume({ contract: told });
      await trial.drained();
      const views = await viewsOf(
        client,
        receipts.map(({ id }) => id),
      );
      trial.measured.jobs = count;
      return [
        ...(isNamed ? [] : ['no pause names the key']),
        ...ranWithout.map(({ jobId }) => `${jobId} ran without its key`),
        ...receipts.flatMap(({ id }, index) => {
          const view = views[index];
          if (view === undefined) return [`L: ${id} is lost`];
          if (view.state !== 'succeeded') return [`A: ${id} is ${view.state}: ${view.lastError}`];
          return view.attemptsMade > 1 ? [`A: ${id} has spent ${view.attemptsMade} attempts`] : [];
        }),
      ];
    } finally {
      await client.close();
    }
  },
};

const TENANTS = 5;
/** Of the whole queue's clock: what is read of a start is in milliseconds. */
const ROUNDED_MS = 1;

const limitsHold: FaultCase = {
  number: 64,
  title: 'the engine is killed and restarted while jobs run whose tenants and whose rate are limited',
  engines: BOTH,
  smokeOn: ['redis'],
  async run(trial) {
    const client = clientOf(trial, NEW);
    try {
      const env = { ...ONE, PAYLOAD_KEYS: NEW };
      await Promise.all([trial.readyFleet(env, APP), trial.readyFleet(env, APP)]);
      const tenants = new Map<string, string>();
      for (let round = 0; round < trial.scale; round += 1) {
        const made = Array.from({ length: 60 }, (_, n) => ({
          tenant: `t${n % TENANTS}`,
          ms: trial.between(20, 400),
        }));
        const receipts = await client.enqueueMany(made.map(each => limited(each)));
        for (const [index, { id }] of receipts.entries()) tenants.set(id, made[index]?.tenant ?? '');
        const begun = trial.sink().length;
        const most = trial.between(1, 60);
        await waitFor('some to run', () => trial.sink().length > begun + most);
        await trial.engine.kill();
        await pause(trial.between(0, 1_000));
        await trial.engine.restart();
        await waitFor('the engine', () =>
          client.pauses(['chaos']).then(
            () => true,
            () => false,
          ),
        );
      }
      await trial.drained();
      const views = await viewsOf(client, [...tenants.keys()]);
      trial.measured.jobs = tenants.size;
      const starts = views.flatMap(view => view?.startedAt ?? []).toSorted((a, b) => a - b);
      const tooFast = starts.filter((at, index) => at - (starts[index - A_SECOND] ?? -Infinity) < 1_000 - ROUNDED_MS);
      return [
        ...views.flatMap((view, index) =>
          view?.state === 'succeeded' ? [] : [`L: ${[...tenants.keys()][index]} is ${view?.state ?? 'lost'}`],
        ),
        ...tooMany(trial.sink(), tenants, AT_ONCE),
        ...(tooFast.length === 0 ? [] : [`${tooFast.length} starts came before their second was over`]),
      ];
    } finally {
      await client.close();
    }
  },
};

export const doorFaults: readonly FaultCase[] = [limitsHold, keyLost];
