/**
 * How long what is wrong may go unseen: whoever looks (a page that is open, or what feeds it) looks so often at least, and what was read so long ago is
 * good enough for all who ask. Ten tabs cost what one does.
 */
export const LOOK_EVERY_MS = 5_000;
/** What takes long to read (a busy PostgreSQL) is read more seldom, but no more seldom than this: what is wrong is named within 15 s. */
export const MOST_FRESH_MS = 6_000;
/** Hosts are read once in so long at most, whatever asks for them: a look for what is wrong is no older. */
export const FLEET_FRESH_MS = 1_000;
