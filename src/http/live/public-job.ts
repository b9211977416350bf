import { isTooDeep } from '../../privacy/index.ts';
import type { AnyJobContract } from '../../contracts/index.ts';
import { contractOf, readStoredJob, type ClientInsides, type JobView } from '../../queue/index.ts';
import { shownOf } from '../api/shown-job.ts';

/** A job as a browser sees it. */
export interface PublicJob {
  readonly id: string;
  readonly name: string;
  readonly state: JobView['state'];
  /** What its contract's `publicFields` name; absent where they name nothing of it, or it is not there yet. */
  readonly data?: unknown;
  readonly progress?: unknown;
  readonly result?: unknown;
}

type Jobs = NonNullable<ClientInsides['jobs']>;

/**
 * What may be seen of a job; undefined of one of no contract of the app. Of a job that another version of its contract wrote nobody knows what its
 * fields mean, so its state alone is shown.
 */
export async function publicJob(
  engine: ClientInsides['engine'],
  jobs: Jobs,
  view: JobView,
): Promise<PublicJob | undefined> {
  const { id, name, state } = view;
  const contract = jobs.get(name);
  if (contract?.queue !== view.queue) return undefined;
  if (contract.publicFields.length === 0) return { id, name, state };
  const job = await readStoredJob(await engine.queue(view.queue), id);
  if (job === undefined || contractOf({ jobs }, job) === undefined) return { id, name, state };
  const { value } = await shownOf({ app: { jobs }, engine }, { view, contract });
  const whole = { data: job.data, progress: view.progress, result: view.result };
  return { id, name, state, ...partsOf(contract, whole, value) };
}

function partsOf(
  { publicFields }: AnyJobContract,
  whole: Readonly<Record<'data' | 'progress' | 'result', unknown>>,
  shown: (value: unknown) => unknown,
): Partial<PublicJob> {
  const named: Record<string, unknown> = {};
  for (const part of ['data', 'progress', 'result'] as const) {
    const paths = publicFields
      .filter(field => field === part || field.startsWith(`${part}.`))
      .map(field => field.split('.').slice(1));
    if (paths.length === 0 || whole[part] === undefined || isTooDeep(whole[part])) continue;
    const found = picked(whole[part], paths);
    if (found !== undefined) named[part] = shown(found);
  }
  return named;
}

/** The fields at the ends of the paths, in every item of an array on the way; undefined where there are none. */
function picked(value: unknown, paths: readonly (readonly string[])[]): unknown {
  if (paths.some(path => path.length === 0)) return value;
  if (Array.isArray(value)) return value.map(item => picked(item, paths) ?? null);
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = Object.groupBy(paths, ([field = '']) => field);
  const found = Object.entries(fields).flatMap(([field, all = []]) => {
    if (!Object.hasOwn(value, field)) return [];
    const inner: unknown = Reflect.get(value, field);
    const part = picked(
      inner,
      all.map(path => path.slice(1)),
    );
    return part === undefined ? [] : [[field, part] as const];
  });
  return found.length === 0 ? undefined : Object.fromEntries(found);
}
