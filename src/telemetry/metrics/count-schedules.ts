import { Counter, type Registry } from 'prom-client';
import type { Facts } from '../../facts/index.ts';
import type { KnownNames } from './known-names.ts';

/** Slots that did not become a job when they were due. */
export function countSchedules(registry: Registry, facts: Facts, names: KnownNames): readonly (() => void)[] {
  const slots = new Counter({
    name: 'shiftwork_schedule_slots_missed_total',
    help: 'Slots that nobody could enqueue in time (missed), that gave no job (failed), or were left out since the job before went on (skipped).',
    labelNames: ['schedule', 'how'],
    registers: [registry],
  });
  for (const schedule of names.schedules) {
    for (const how of ['missed', 'failed', 'skipped']) slots.inc({ schedule, how }, 0);
  }
  const count = (schedule: string, how: string, many: number): void =>
    slots.inc({ schedule: names.schedule(schedule), how }, many);
  return [
    facts.on('schedule.missed', ({ fields }) => count(fields.schedule, 'missed', fields.slots)),
    facts.on('schedule.failed', ({ fields }) => {
      if (fields.slotMs !== undefined) count(fields.schedule, 'failed', 1);
    }),
    facts.on('schedule.skipped', ({ fields }) => count(fields.schedule, 'skipped', 1)),
  ];
}
