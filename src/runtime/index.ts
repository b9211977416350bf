export { handlersOf } from './host/assignment.ts';
export { classifyReturn, classifyThrow, type AttemptInfo } from './run/classify.ts';
export type { WorkerPresence } from './supervisor/fleet/host-presence.ts';
export { orderWorkers, resumeWorkers, type OrderAnswer, type WorkerOrder } from './supervisor/fleet/orders.ts';
export type { GoneHost } from './supervisor/fleet/gone-hosts.ts';
export { readFleet, type Fleet, type FleetHost, type PausedDestination } from './supervisor/fleet/read-fleet.ts';
export { tryDestination } from './destinations/try-destination.ts';
export { ResourceSet } from './host/resource-set.ts';
export type { Outcome } from './run/outcome.ts';
export { parentOfProcess, type Parent } from './supervisor/child/parent.ts';
export { readLateAtRunTime, readOverdueSlots, type OverdueSlot } from './schedules/overdue-slots.ts';
export { MOST_NOTED, readUnreadable } from './schedules/unreadable-schedules.ts';
export {
  pauseSchedule,
  readSchedules,
  resumeSchedule,
  runSchedule,
  type ScheduleRun,
  type ScheduleView,
} from './schedules/manage-schedules.ts';
export { RunTimeScheduler } from './schedules/run-time-scheduler.ts';
export { Scheduler } from './schedules/scheduler.ts';
export { scheduleProblems } from '../schedules/index.ts';
export { createWorkerHost, type WorkerHost, type WorkerHostOptions } from './host/worker-host.ts';
export * from './run/job-dead-error.ts';
export * from './run/job-expired-error.ts';
export * from './run/steps/step-refused-error.ts';
export * from './run/steps/step-repeated-error.ts';
export * from './run/unknown-job-error.ts';
export * from './supervisor/deaths/poison-job-error.ts';
export { assignmentProblems, keyProblems } from './host/assignment.ts';
export { watchForWedge } from './host/watchdog.ts';
export { workerName } from './host/worker-name.ts';
export type { Suspicion } from './run/suspicion.ts';
export type { WorkerProgram } from './supervisor/child/child-worker.ts';
export type { ClaimedJob } from './supervisor/child/messages.ts';
export { PRESENCE_TTL_MS } from './supervisor/fleet/presence.ts';
export { Rescue } from './supervisor/deaths/rescue.ts';
export { settledBy } from './supervisor/deaths/settled-by.ts';
export { Supervisor } from './supervisor/supervisor.ts';
export { isDebugged, sayTurns } from './supervisor/watch/turns.ts';
export { HostDuties } from './supervisor/rounds/host-duties.ts';
export { supervisedName, supervisorOf } from './supervisor/child/messages.ts';
export { watchOwnProcess, type OwnWatch } from './supervisor/watch/own-watch.ts';
export { startSampler } from './supervisor/watch/sampler.ts';
