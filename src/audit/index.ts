/** Who did what, on what, to how many, and what came of it: written by the dashboard and by the command line, which both stand on this room. */
export { actionMark, markActions } from './action-mark.ts';
export { AuditLog, isAuditPlace, type AuditEntry, type AuditPart } from './audit-log.ts';
export { shortOn, type ActionDetail, type AuditedAction } from './audited-action.ts';
