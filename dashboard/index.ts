export { createDashboard, type Dashboard, type DashboardOptions } from './create-dashboard.ts';
export type { DashboardAction } from './http/audit.ts';
export type { Authenticate, AuthenticatedUser } from './sign-in/authenticate.ts';
export { ROLES, type Role } from './sign-in/roles.ts';
export { parseUsers, type DashboardUser, type ParsedUsers } from './sign-in/users.ts';
