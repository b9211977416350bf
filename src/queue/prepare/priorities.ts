import type { Priority } from '../../contracts/index.ts';

/** BullMQ runs lower numbers first; the gaps leave room. Every job gets one: see Priority. */
export const PRIORITY_NUMBERS: Readonly<Record<Priority, number>> = Object.freeze({ high: 10, normal: 20, low: 30 });
