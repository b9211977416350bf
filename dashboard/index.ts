export { createDashboard } from './create-dashboard.ts';
export type { Dashboard, DashboardOptions } from './dashboard-options.ts';
export type { ActionDetail } from '../src/audit/index.ts';
export type { DashboardAction } from './audit/record-actions.ts';
export type { Authenticate, AuthenticatedUser } from './sign-in/authenticate.ts';
export { ROLES, type Role } from './sign-in/roles.ts';
export { parseUsers, type DashboardUser, type ParsedUsers } from './sign-in/users.ts';
