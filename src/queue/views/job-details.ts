import type { Engine } from '../../engine/index.ts';
import { readProducer, type Producer } from '../producer/producer-note.ts';
import { readJobView, type JobView } from './job-view.ts';

/** One job, with what is not looked for where many are listed. */
export interface JobDetails extends JobView {
  /** The process that has enqueued it, where it is known: not of a job whose id is made of its cause (`enqueuedBy`, a key of an outbox, a schedule). */
  readonly producer: Producer | undefined;
}

/** @throws as `readJobView` */
export async function readJobDetails(engine: Engine, id: string): Promise<JobDetails | undefined> {
  const [view, producer] = await Promise.all([readJobView(engine, id), readProducer(engine, id)]);
  return view && { ...view, producer };
}
