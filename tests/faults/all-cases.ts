import type { FaultCase } from './case.ts';
import { batchFaults } from './cases/batches.ts';
import { answerFaults } from './cases/answers.ts';
import { clockFaults } from './cases/clocks.ts';
import { crashes } from './cases/crashes.ts';
import { doorFaults } from './cases/doors.ts';
import { engineFaults } from './cases/engine.ts';
import { eventStoreFaults } from './cases/event-store.ts';
import { groupFaults } from './cases/groups.ts';
import { letterFaults } from './cases/letters.ts';
import { orderFaults } from './cases/order.ts';
import { outboxFaults } from './cases/outbox.ts';
import { providers } from './cases/providers.ts';
import { refusals } from './cases/refusals.ts';
import { schedules } from './cases/schedules.ts';
import { sessionFaults } from './cases/sessions.ts';
import { shopFaults } from './cases/shop.ts';
import { stops } from './cases/stops.ts';
import { transportFaults } from './cases/transports.ts';
import { watchFaults } from './cases/watch.ts';

/** A file of cases each: it has its numbers for itself, and two forms of one case stand in one file. */
export const caseFiles: readonly (readonly FaultCase[])[] = [
  crashes,
  stops,
  engineFaults,
  refusals,
  schedules,
  providers,
  eventStoreFaults,
  outboxFaults,
  transportFaults,
  sessionFaults,
  shopFaults,
  watchFaults,
  clockFaults,
  letterFaults,
  batchFaults,
  answerFaults,
  orderFaults,
  doorFaults,
  groupFaults,
];

/** What happens every day: a worker is killed, a host is told to stop, an engine is killed. `npm test` runs these, and `npm run test:long` all. */
export const commonest: readonly FaultCase[] = [crashes, stops, engineFaults].flatMap(
  file => file.find(({ smokeOn }) => smokeOn?.length !== 0) ?? [],
);

export const allCases: readonly FaultCase[] = caseFiles.flat();
