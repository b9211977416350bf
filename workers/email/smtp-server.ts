import { integer, line, words, type UrlParameters } from '../../src/config/index.ts';
import { isThisMachine } from '../http/index.ts';

/** What SMTP_URL says. */
export interface SmtpServer {
  /** As a socket takes it: without brackets. */
  readonly host: string;
  readonly port: number;
  /** `first`: from the first byte; `required`: by STARTTLS or not at all; `offered`: by STARTTLS where the server offers it. */
  readonly tls: 'first' | 'required' | 'offered' | 'never';
  readonly auth: { readonly user: string; readonly pass: string } | undefined;
  /** How it introduces itself; undefined: by the name of this host. */
  readonly name: string | undefined;
  readonly maxConnections: number;
  readonly maxMessages: number;
}

export interface SmtpReading {
  readonly server: SmtpServer;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** Behind the `?` of SMTP_URL, in the words of nodemailer where it has one. */
export const SMTP_PARAMETERS: UrlParameters = {
  tls: words('required', 'never'),
  requireTLS: words('true', 'false'),
  ignoreTLS: words('true', 'false'),
  secure: words('true', 'false'),
  pool: words('true'),
  name: line,
  maxConnections: integer(1, 1_000),
  maxMessages: integer(1, 1_000_000),
};

/** Where TLS begins with the first byte, whatever the scheme says. */
const TLS_PORT = 465;

/** A URL that `SMTP_PARAMETERS` has let through. A password leaves this machine under TLS alone, unless the URL says `tls=never`. */
export function readSmtpServer(url: URL): SmtpReading {
  const said = (name: string): string | undefined => url.searchParams.get(name) ?? undefined;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port || (url.protocol === 'smtps:' ? TLS_PORT : 587));
  const first =
    url.protocol === 'smtps:' || said('secure') === 'true' || (port === TLS_PORT && said('secure') === undefined);
  const required = said('tls') === 'required' || said('requireTLS') === 'true';
  const never = said('tls') === 'never' || said('ignoreTLS') === 'true';
  const exposed = url.password !== '' && !isThisMachine(host);

  const problems: string[] = [];
  if ((never && (first || required)) || (url.protocol === 'smtps:' && said('secure') === 'false')) {
    problems.push(
      'Expected SMTP_URL to ask for TLS (smtps://, secure, requireTLS, tls=required) or to refuse it (ignoreTLS, tls=never), got both.',
    );
  } else if (exposed && (said('ignoreTLS') === 'true' || said('requireTLS') === 'false') && said('tls') !== 'never') {
    problems.push(
      'Expected SMTP_URL, which has a password, to require TLS: ignoreTLS=true or requireTLS=false would send it in the clear. Say tls=never if that is meant.',
    );
  }
  if (url.username === '' && url.password !== '') {
    problems.push('Expected SMTP_URL to have a user name with its password.');
  }
  const tls = first ? 'first' : never ? 'never' : required || exposed ? 'required' : 'offered';
  return {
    server: {
      host,
      port,
      tls,
      auth:
        url.username === ''
          ? undefined
          : { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) },
      name: said('name'),
      // As many as the queue runs at once: fewer would hide time in line inside a run's deadline.
      maxConnections: Number(said('maxConnections') ?? 10),
      maxMessages: Number(said('maxMessages') ?? 500),
    },
    problems,
    warnings:
      exposed && tls === 'never'
        ? ['SMTP_URL says tls=never: the password and all mail travel to the mail server in the clear.']
        : [],
  };
}
