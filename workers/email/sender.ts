import { emailAddress, personName } from '../../jobs/index.ts';
import type { Environment } from '../../src/config/index.ts';

export interface Sender {
  readonly name: string;
  readonly address: string;
  /** Message-IDs are made in it. */
  readonly domain: string;
}

const FORM = /^(?:(?<name>[^<>"]+?)\s*<(?<inner>[^<>]+)>|(?<plain>\S+))$/;

/** Reads MAIL_FROM: an address, or `Name <address>`. */
export function readSender(environment: Environment, neededBy: string): Sender {
  const text = environment.required('MAIL_FROM', neededBy);
  const groups = FORM.exec(text)?.groups ?? {};
  const address = emailAddress.safeParse(groups['inner'] ?? groups['plain'] ?? '');
  const name = personName.safeParse(groups['name'] ?? 'x');
  // The library quotes the name, and some readers decode what looks like an encoded word inside of quotes.
  const isPlain = !text.includes('=?');
  if (address.success && name.success && isPlain) {
    const [, domain = ''] = address.data.split('@');
    return { name: groups['name'] ?? '', address: address.data, domain };
  }
  if (text !== '')
    environment.problem(
      'Expected MAIL_FROM to be an address or "Name <address>", the name as it is read and not encoded, got something else.',
    );
  return { name: '', address: '', domain: '' };
}
