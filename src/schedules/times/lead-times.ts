/** Whoever leads the schedules renews the lead each second; a host that is lost has lost it when this has passed. */
export const LEAD_LEASE_MS = 6_000;
/** The lead is in other hands by then: a slot that has come so long ago, and that nobody has dealt with, is late. */
export const OVERDUE_MS = LEAD_LEASE_MS + 1_000;
