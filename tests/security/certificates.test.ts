import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { startProcess } from '../support/child-process.ts';

/** A certificate that is refused: nothing was said to that server, and the message says which remedy there is. */

const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

interface End {
  readonly client: string;
  readonly certificate: string;
  readonly failure: string;
  readonly said?: string;
}

/** How each ended, in a program of its own: whom Node trusts is settled when it starts. */
async function ends(env: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const program = startProcess(fileOf('../support/apps/certificate-clients.ts'), { env });
  expect(await program.ended).toBe(0);
  return program.lines.map(line => {
    const { client, certificate, failure, said = '' } = JSON.parse(line) as End;
    const [, problem = ''] = /its certificate (.*?) \(.*NODE_EXTRA_CA_CERTS/.exec(said) ?? [];
    return [client, certificate, failure, problem].filter(part => part !== '').join(': ');
  });
}

const CLIENTS = ['webhook', 'push', 'analytics', 'smtps', 'starttls'];

function forEachClient(expected: readonly string[]): readonly string[] {
  return CLIENTS.flatMap(client => expected.map(end => `${client}: ${end}`));
}

test('of an authority that nobody trusts is named by every client, and leaves no doubt', async () => {
  expect(await ends({})).toEqual(
    forEachClient([
      'valid: transient: is signed by an authority that is not trusted',
      'expired: transient: has expired',
      'not-yet-valid: transient: is not valid yet',
      'other-host: transient: is signed by an authority that is not trusted',
      'self-signed: transient: is signed by itself alone, and is not trusted',
    ]),
  );
});

test('of an authority that NODE_EXTRA_CA_CERTS names is trusted while it is valid, and for its host', async () => {
  expect(await ends({ NODE_EXTRA_CA_CERTS: fileOf('../support/tls/other-authority.pem') })).toEqual(
    forEachClient([
      'valid: none',
      'expired: transient: has expired',
      'not-yet-valid: transient: is not valid yet',
      'other-host: transient: is made out to another host',
      'self-signed: transient: is signed by itself alone, and is not trusted',
    ]),
  );
});
