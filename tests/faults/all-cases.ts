import type { FaultCase } from './case.ts';
import { crashes } from './cases/crashes.ts';
import { engineFaults } from './cases/engine.ts';
import { eventStoreFaults } from './cases/event-store.ts';
import { providers } from './cases/providers.ts';
import { schedules } from './cases/schedules.ts';
import { stops } from './cases/stops.ts';

export const allCases: readonly FaultCase[] = [
  ...crashes,
  ...stops,
  ...engineFaults,
  ...schedules,
  ...providers,
  ...eventStoreFaults,
];
