import { codeOf, hasCode } from '../../errors/index.ts';
import { CONFLICTS, knownCode, type Fault, type KnownCode } from './known-codes.ts';
import { signOf } from './sign.ts';

const DEEPEST_CAUSE = 5;

/** The one place that says whose affair an error is: by its code, never by words of its message. Never throws. */
export function faultOf(thrown: unknown): Fault {
  return known(thrown)?.fault ?? 'ours';
}

/** What passes without anything being changed here: away, or refusing for now. Whoever can wait waits for its end. */
export function isOutage(thrown: unknown): boolean {
  const fault = faultOf(thrown);
  return fault === 'away' || fault === 'refuses-now';
}

/** No connection comes about: its server is away, or turns us away at the door (credentials, a database that is not there). */
export function isUnreachable(thrown: unknown): boolean {
  const sign = signOf(thrown);
  return (isOutage(thrown) && !isConflict(thrown)) || (sign !== undefined && TURNED_AWAY.test(sign));
}

const TURNED_AWAY = /^(28[0-9A-Z]{3}|3D000|NOAUTH|WRONGPASS|DENIED|NODB)$/;

/** Rights or credentials do not suffice. Where they did before, somebody has taken them and may give them back. */
export function isWithheld(thrown: unknown): boolean {
  const sign = signOf(thrown);
  return sign !== undefined && WITHHELD.test(sign);
}

const WITHHELD = /^(28[0-9A-Z]{3}|42501|NOAUTH|WRONGPASS|NOPERM)$/;

/** What somebody may mend while a run that has begun waits: an outage, or rights that were taken from it. */
export function mayPass(thrown: unknown): boolean {
  return isOutage(thrown) || isWithheld(thrown);
}

/** The server answers and takes no writes, or no more of us, for now. */
export function isRefusing(thrown: unknown): boolean {
  return faultOf(thrown) === 'refuses-now';
}

/** As `isOutage`, of an error or of what caused it, for whoever meets errors that others have wrapped. */
export function stemsFromOutage(thrown: unknown): boolean {
  let current: unknown = thrown;
  for (let depth = 0; depth < DEEPEST_CAUSE && current !== undefined; depth += 1) {
    if (isOutage(current)) return true;
    current = causeOf(current);
  }
  return false;
}

/**
 * Whether the engine or the bus is away, by the platform's own errors: of an error, or of what caused it. A handler's own far side that is away is
 * another matter. Never throws.
 */
export function isPlatformAway(thrown: unknown): boolean {
  return hasOrStemsFrom(thrown, 'QUEUE_UNAVAILABLE', 'BUS_UNAVAILABLE');
}

/** Whether an error, or what caused it, has one of these codes. Never throws. */
export function hasOrStemsFrom(thrown: unknown, ...codes: readonly string[]): boolean {
  return hasCode(thrown, ...codes) || hasCode(causeOf(thrown), ...codes);
}

/** Two transactions were in each other's way: an outage for whoever waits, and nothing against the server. */
export function isConflict(thrown: unknown): boolean {
  return CONFLICTS.has(codeOf(thrown) ?? '');
}

/** Why a server is away or refuses, for people; never the driver's own text, which may carry hosts, users or data. */
export function reasonOf(thrown: unknown): string {
  if (thrown === undefined) return 'no answer came in time';
  const words = known(thrown)?.words;
  // An SQLSTATE, or the first word of an answer of Redis: neither says anything about the data.
  return words ?? `it failed with ${signOf(thrown) ?? nameOf(thrown)}`;
}

function known(thrown: unknown): KnownCode | undefined {
  try {
    return look(thrown);
  } catch {
    // A proxy, say: even asking what it is throws.
    return undefined;
  }
}

function look(thrown: unknown): KnownCode | undefined {
  const sign = signOf(thrown);
  const found = sign === undefined ? undefined : knownCode(sign);
  if (found !== undefined) return found;
  // A socket in the file system that is not there, or may not be opened: alone, ENOENT and EACCES are the handler's own affair.
  return isConnecting(thrown) ? { fault: 'away', words: 'the socket does not exist, or may not be opened' } : undefined;
}

function isConnecting(thrown: unknown): boolean {
  return thrown instanceof Error && 'syscall' in thrown && thrown.syscall === 'connect';
}

function causeOf(thrown: unknown): unknown {
  try {
    return thrown instanceof Error ? thrown.cause : undefined;
  } catch {
    return undefined;
  }
}

function nameOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? thrown.name : 'an unknown error';
  } catch {
    return 'an unknown error';
  }
}
