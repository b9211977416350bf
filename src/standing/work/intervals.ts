/**
 * How long what is wrong may go unseen: what feeds the pages that are open reads anew so often, once for all of them, also on a busy PostgreSQL: what is
 * wrong is named within 15 s.
 */
export const LOOK_EVERY_MS = 5_000;
/** What was read so long ago is good enough for all others who ask; less often where reading takes long, but never longer than between two looks. */
export const FRESH_MS = 4_000;
/** What was read for one open page serves those that are sent something at the same time. */
export const SAME_LOOK_MS = 500;
/** Hosts are read once in so long at most, whatever asks for them: a look for what is wrong is no older. */
export const FLEET_FRESH_MS = 1_000;
