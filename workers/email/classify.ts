import { certificateProblem, DeliveryError, isDeliveryError, type FailureKind } from '../../src/resilience/index.ts';

/** What nodemailer hangs on its errors; see its errors.d.ts. */
interface MailFailure extends Error {
  readonly code?: string;
  readonly command?: string;
  readonly responseCode?: number;
  readonly response?: string;
  readonly originalCode?: string;
}

const AUTHENTICATION: ReadonlySet<number> = new Set([530, 534, 535, 538]);
/** The server ended the session or is closing: nothing was said of the message. */
const SERVICE_CLOSING = 421;
/** Before anything was said of a mail. */
const OF_THE_SESSION: ReadonlySet<string> = new Set(['CONN', 'EHLO', 'HELO', 'STARTTLS']);

/**
 * Says what a failed send means for the next try. The text carries the SMTP codes and nothing the server wrote, which
 * commonly repeats the recipient's address.
 * @param wasHandedOver whether a byte of the mail had been given to the connection; only then it may have arrived
 */
export function classifyMailError(thrown: unknown, host: string, wasHandedOver = true): DeliveryError {
  if (isDeliveryError(thrown)) return thrown;
  const error = asFailure(thrown);
  const [failure, text] = meaningOf(error, wasHandedOver);
  return new DeliveryError(failure, text, { destination: host, cause: withoutAddresses(error) });
}

function meaningOf(error: MailFailure, wasHandedOver: boolean): readonly [FailureKind, string] {
  const { code, responseCode, command } = error;
  const codes = said(error);
  const kind = Math.floor((responseCode ?? 0) / 100);
  const certificate = certificateProblem(error);
  if (certificate !== undefined) return ['transient', `The mail server could not be reached: ${certificate}.`];
  if (responseCode !== undefined && AUTHENTICATION.has(responseCode)) {
    return ['destination-down', `The mail server refused the credentials (${codes}). Check SMTP_URL.`];
  }
  if (code === 'EAUTH' || code === 'ENOAUTH' || code === 'EOAUTH2') {
    return ['destination-down', `Signing in to the mail server failed (${codes}). Check SMTP_URL.`];
  }
  if (responseCode === SERVICE_CLOSING) {
    return ['transient', `The mail server is closing or busy (${codes}).`];
  }
  if (!wasHandedOver && kind === 5 && OF_THE_SESSION.has(command ?? '')) {
    return ['destination-down', sessionRefused(error)];
  }
  if (kind === 5 && responseCode !== 503) {
    return ['permanent', `The mail server refused the mail for good (${codes}).`];
  }
  if (kind === 4 || kind === 5) {
    return ['transient', `The mail server refused the mail for now (${codes}).`];
  }
  if (isUnsendable(error)) return ['permanent', `The mail cannot be sent as it is (${codes}).`];
  return wasHandedOver
    ? ['unknown', `The connection to the mail server was lost; the mail may have been sent (${codes}).`]
    : ['transient', `The mail server could not be reached, or not be spoken to (${codes}).`];
}

/** None of this is about one mail: it would be the same for the next. */
function sessionRefused(error: MailFailure): string {
  const codes = said(error);
  return error.code === 'ETLS' || error.command === 'STARTTLS' || error.command === 'EHLO'
    ? `The mail server offers no STARTTLS (${codes}), and TLS is required: by requireTLS in SMTP_URL, or because its password goes to another host. With smtps:// TLS begins at once; tls=never sends all of it in the clear.`
    : `The mail server takes no mail from here (${codes}).`;
}

/** What the library refused before it asked the server. */
function isUnsendable({ code, originalCode, command }: MailFailure): boolean {
  return (
    [code, originalCode].some(each => each === 'EFILEACCESS' || each === 'EURLACCESS') ||
    (code === 'EENVELOPE' && command === 'API') ||
    (code === 'EMESSAGE' && (command === 'API' || command === 'MAIL FROM'))
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
