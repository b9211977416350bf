import { DeliveryError, isDeliveryError } from '../../src/resilience/index.ts';

/** What nodemailer hangs on its errors; see its errors.d.ts. */
interface MailFailure extends Error {
  readonly code?: string;
  readonly command?: string;
  readonly responseCode?: number;
  readonly response?: string;
  readonly originalCode?: string;
  readonly timeoutType?: string;
}

const AUTHENTICATION: ReadonlySet<number> = new Set([530, 534, 535, 538]);
/** The server ended the session or is closing: nothing was said of the message. */
const SERVICE_CLOSING = 421;
const BEFORE_SESSION: ReadonlySet<string> = new Set(['CONNECT_TIMEOUT', 'GREETING_TIMEOUT', 'UPGRADE_TIMEOUT']);
const NEVER_CONNECTED: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/**
 * Says what a failed send means for the next try. The text carries the SMTP codes and nothing the server wrote, which
 * commonly repeats the recipient's address.
 *
 * A connection that is lost without a reply is `unknown`: nodemailer does not say whether the message had been handed over.
 */
export function classifyMailError(thrown: unknown, host: string): DeliveryError {
  if (isDeliveryError(thrown)) return thrown;
  const error = asFailure(thrown);
  const options = { destination: host, cause: withoutAddresses(error) };
  const { code, responseCode, command } = error;
  if (responseCode !== undefined && AUTHENTICATION.has(responseCode)) {
    return new DeliveryError(
      'destination-down',
      `The mail server refused the credentials (${said(error)}). Check SMTP_URL.`,
      options,
    );
  }
  if (code === 'EAUTH' || code === 'ENOAUTH' || code === 'EOAUTH2') {
    return new DeliveryError(
      'destination-down',
      `Signing in to the mail server failed (${said(error)}). Check SMTP_URL.`,
      options,
    );
  }
  if (responseCode === SERVICE_CLOSING) {
    return new DeliveryError('transient', `The mail server is closing or busy (${said(error)}).`, options);
  }
  if (responseCode !== undefined && responseCode >= 500 && responseCode !== 503) {
    return new DeliveryError('permanent', `The mail server refused the mail for good (${said(error)}).`, options);
  }
  if (responseCode !== undefined && responseCode >= 400) {
    return new DeliveryError('transient', `The mail server refused the mail for now (${said(error)}).`, options);
  }
  if (code === 'ETLS' || code === 'EDNS' || neverConnected(error)) {
    return new DeliveryError('transient', `The mail server could not be reached (${said(error)}).`, options);
  }
  if (
    code === 'EENVELOPE' ||
    code === 'EFILEACCESS' ||
    code === 'EURLACCESS' ||
    (code === 'EMESSAGE' && command === 'API')
  ) {
    return new DeliveryError('permanent', `The mail cannot be sent as it is (${said(error)}).`, options);
  }
  return new DeliveryError(
    'unknown',
    `The connection to the mail server was lost; the mail may have been sent (${said(error)}).`,
    options,
  );
}

function neverConnected({ originalCode, code, timeoutType }: MailFailure): boolean {
  return (
    (originalCode !== undefined && NEVER_CONNECTED.has(originalCode)) ||
    (code !== undefined && NEVER_CONNECTED.has(code)) ||
    (timeoutType !== undefined && BEFORE_SESSION.has(timeoutType))
  );
}

/** Codes only: SMTP reply, enhanced status (RFC 3463), nodemailer's code, the command. */
function said({ responseCode, response, code, command }: MailFailure): string {
  const enhanced = response === undefined ? undefined : /\b[245]\.\d{1,3}\.\d{1,3}\b/.exec(response)?.[0];
  const verb = command === undefined ? undefined : /^[A-Z]+(?: [A-Z]+)?/.exec(command)?.[0];
  return [responseCode, enhanced, code, verb && `at ${verb}`].filter(part => part !== undefined).join(' ') || 'no code';
}

function withoutAddresses(error: MailFailure): Error {
  const clean = new Error(`${error.name} ${said(error)}`);
  clean.stack = (error.stack ?? '')
    .split('\n')
    .filter(each => /^\s+at /.test(each))
    .join('\n');
  return clean;
}

function asFailure(thrown: unknown): MailFailure {
  return thrown instanceof Error ? thrown : new Error('The mail library threw something that is no Error.');
}
