import { describe, expect, test } from 'vitest';
import { Environment } from '../../src/config/index.ts';
import { mailer } from './mailer.ts';
import { readSmtpServer } from './smtp-server.ts';

function read(url: string): { readonly problems: readonly string[]; readonly warnings: readonly string[] } {
  const environment = new Environment({ SMTP_URL: url, MAIL_FROM: 'shop@shop.example' });
  mailer.configure(environment, { neededBy: 'a test', also: () => undefined });
  return environment;
}

const tlsOf = (url: string): string => readSmtpServer(new URL(url)).server.tls;

describe('TLS', () => {
  test.each([
    ['smtp://u:p@mail.example', 'required'],
    ['smtp://u:p@10.0.0.5:2525', 'required'],
    ['smtp://u:p@mailbox', 'required'],
    ['smtp://u:p@mail.example?requireTLS=true', 'required'],
    ['smtp://u:p@mail.example?tls=required', 'required'],
    ['smtp://u:p@mail.example?ignoreTLS=false&secure=false', 'required'],
    ['smtp://u:p@mail.example?tls=never', 'never'],
    ['smtp://u:p@mail.example?tls=never&ignoreTLS=true', 'never'],
    ['smtp://u:p@127.0.0.1', 'offered'],
    ['smtp://u:p@127.8.8.8', 'offered'],
    ['smtp://u:p@[::1]', 'offered'],
    ['smtp://u:p@[::ffff:127.0.0.1]', 'offered'],
    ['smtp://u:p@localhost', 'offered'],
    ['smtp://u:p@LOCALHOST:25', 'offered'],
    ['smtp://u:p@localhost?requireTLS=true', 'required'],
    ['smtp://u:p@localhost?ignoreTLS=true', 'never'],
    ['smtp://u:p@localhost.evil.example', 'required'],
    ['smtp://u:p@127.0.0.1.evil.example', 'required'],
    ['smtp://mail.example', 'offered'],
    ['smtp://mail.example?ignoreTLS=true', 'never'],
    ['smtp://mail.example?requireTLS=true', 'required'],
    ['smtps://u:p@mail.example', 'first'],
    ['smtps://u:p@mail.example?requireTLS=true&secure=true', 'first'],
    ['smtp://u:p@mail.example:465', 'first'],
    ['smtp://u:p@mail.example:465?secure=false', 'required'],
    ['smtp://u:p@mail.example:2525?secure=true', 'first'],
  ])('of %s is %s', (url, tls) => {
    expect(read(url).problems).toEqual([]);
    expect(tlsOf(url)).toBe(tls);
  });

  test.each([
    ['smtp://u:hunter2@mail.example?ignoreTLS=true', 'ignoreTLS'],
    ['smtp://u:hunter2@mail.example?requireTLS=false', 'requireTLS'],
    ['smtp://u:hunter2@mail.example?requireTLS=true&tls=never', 'tls=never'],
    ['smtp://mail.example?requireTLS=true&ignoreTLS=true', 'requireTLS'],
    ['smtps://mail.example?tls=never', 'tls=never'],
    ['smtps://mail.example?ignoreTLS=true', 'ignoreTLS'],
    ['smtps://mail.example?secure=false', 'secure'],
    ['smtp://mail.example:465?tls=never', 'tls=never'],
    ['smtp://mail.example?tls=maybe', 'tls'],
    ['smtp://mail.example?tls=', 'tls'],
    ['smtp://mail.example?requireTLS=yes', 'requireTLS'],
    ['smtp://mail.example?requireTLS=true&requireTLS=false', 'requireTLS'],
    ['smtp://mail.example?requiretls=true', 'requireTLS'],
    ['smtp://mail.example?opportunisticTLS=true', 'opportunisticTLS'],
    ['smtp://mail.example?tls.rejectUnauthorized=false', 'tls.rejectUnauthorized'],
    ['smtp://mail.example?pool=false', 'pool'],
    ['smtp://mail.example?debug=true', 'debug'],
    ['smtp://mail.example?maxConnections=0', 'maxConnections'],
    ['smtp://:hunter2@mail.example', 'user name'],
    ['smtp://u:50%off-hunter2@mail.example', '%25'],
  ])('and what else %s says is refused by name', (url, named) => {
    const said = read(url).problems.join('\n');
    expect(said).toContain('SMTP_URL');
    expect(said).toContain(named);
    expect(said).not.toContain('hunter2');
  });

  test('that is given up for a password is warned about, and for nothing else', () => {
    expect(read('smtp://u:hunter2@mail.example?tls=never').warnings).toEqual([expect.stringContaining('tls=never')]);
    for (const url of ['smtp://u:p@localhost?tls=never', 'smtp://mail.example?tls=never', 'smtp://u:p@mail.example'])
      expect(read(url).warnings).toEqual([]);
  });
});

test('the other parameters are honoured', () => {
  expect(
    readSmtpServer(
      new URL('smtp://u%40x:p%C3%A4ss%25@[::1]:2525?name=shop.example&maxConnections=3&maxMessages=9&pool=true'),
    ).server,
  ).toEqual({
    host: '::1',
    port: 2525,
    tls: 'offered',
    auth: { user: 'u@x', pass: 'päss%' },
    name: 'shop.example',
    maxConnections: 3,
    maxMessages: 9,
  });
});

test.each(['=?utf-8?Q?Shop=0D=0ABcc:_b@x.example?= <shop@shop.example>', 'A =?b <shop@shop.example>'])(
  'the sender %s is refused: a reader would make another name of it',
  from => {
    const environment = new Environment({ SMTP_URL: 'smtp://localhost', MAIL_FROM: from });
    mailer.configure(environment, { neededBy: 'a test', also: () => undefined });
    expect(environment.problems).toEqual([expect.stringContaining('MAIL_FROM')]);
  },
);
