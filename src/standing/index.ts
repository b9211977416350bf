/**
 * How the work stands: its figures read for every queue, and the table of conditions that says what is wrong, since when, and what will
 * happen by itself. Supervisors and the dashboard judge by the same table.
 */
export type { AlertEvent, AlertMessage } from './alerts/alert-message.ts';
export { readAlerts, type KnownAlert } from './alerts/read-alerts.ts';
export { readAlertSettings } from './alerts/read-alert-settings.ts';
export { alertSender, type AlertSettings, type SendAlert } from './alerts/send-alert.ts';
export { testMessage } from './alerts/test-message.ts';
export { watchAlerts, type WatchAlertsOptions } from './alerts/watch-alerts.ts';
export type { Space } from './space/space-watch.ts';
export type { Condition } from './conditions/condition.ts';
export { conditionsOf } from './conditions/conditions.ts';
export { liveWorkers, type LiveWorker } from './work/live-workers.ts';
export type { Overview, QueueFigures } from './work/read-overview.ts';
export { LOOK_EVERY_MS, SAME_LOOK_MS } from './work/intervals.ts';
export { WorkReader, type WorkSources } from './work/read-work.ts';
export type { Work } from './work/work.ts';
export { SharedStanding, type SharedStandingOptions } from './work/shared-standing.ts';
export type { Standing, StandingQueue } from './work/standing.ts';
export type { Flow, FlowMinute } from './flow/flow.ts';
export { readFlows, type Flows, type FlowSources, type QueueFlow } from './flow/read-flows.ts';
export { recommend, type QueueCapacity, type QueueLoad, type Scaling, type ScalingBound } from './scaling/recommend.ts';
export { readScaling, type AppScaling } from './scaling/read-scaling.ts';
