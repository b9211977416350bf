import { QUEUES, type Side } from './jobs.ts';

/** A part of the way: who works on which queues, who enqueues, and who promotes and retries. */
export interface Stage {
  readonly title: string;
  readonly bullmq: readonly string[];
  readonly ours: readonly string[];
  readonly producer: Side;
  readonly acts: Side;
  readonly schedules: Side;
}

type Who = Pick<Stage, 'producer' | 'acts' | 'schedules'>;
const THEIRS: Who = { producer: 'BullMQ', acts: 'BullMQ', schedules: 'BullMQ' };
const OURS: Who = { producer: 'ours', acts: 'ours', schedules: 'BullMQ' };

/** The guide's steps, and the way back behind those where it says that there is one. `shiftwork adopt` looks between the first and the second. */
export const STAGES: readonly Stage[] = [
  { ...THEIRS, title: 'BullMQ alone', bullmq: QUEUES, ours: [] },
  { ...THEIRS, title: 'ours beside it, one queue', bullmq: QUEUES, ours: ['mail'] },
  { ...THEIRS, title: 'ours beside it, all queues', bullmq: QUEUES, ours: QUEUES },
  { ...THEIRS, title: 'our workers alone', bullmq: [], ours: QUEUES, acts: 'ours' },
  { ...THEIRS, title: 'back: BullMQ alone', bullmq: QUEUES, ours: [] },
  { ...OURS, title: 'our producers, BullMQ works', bullmq: QUEUES, ours: [], acts: 'BullMQ' },
  { ...OURS, title: 'our producers, both work', bullmq: QUEUES, ours: QUEUES },
  { ...OURS, title: 'ours alone, our schedules', bullmq: [], ours: QUEUES, schedules: 'ours' },
  { ...THEIRS, title: 'back: BullMQ alone', bullmq: QUEUES, ours: [] },
];
