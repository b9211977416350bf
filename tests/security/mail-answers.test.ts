import type { Socket } from 'node:net';
import { simpleParser } from 'mailparser';
import { afterEach, describe, expect, test } from 'vitest';
import { isDeliveryError, type DeliveryError, type FailureKind } from '../../src/resilience/index.ts';
import { createMailer } from '../../workers/email/index.ts';
import { startRawServer, type RawServer } from '../support/raw-server.ts';

/** Everything that a mail server can make of a conversation, and what it means for the mail. */

const sender = { name: 'The shop', address: 'shop@shop.example', domain: 'shop.example' };
const content = { subject: 'Hello', html: '<p>Hello</p>', text: 'Hello' };

/** What the server does at a step: the text of its reply, or an act. */
type Step = string | ((socket: Socket) => void);
type Where =
  'greeting' | 'EHLO' | 'HELO' | 'STARTTLS' | 'AUTH' | 'MAIL' | 'RCPT' | 'DATA' | 'content' | 'RSET' | 'QUIT';

const SOUND: Readonly<Record<Where, Step>> = {
  greeting: '220 mail.example ESMTP',
  EHLO: '250-mail.example\r\n250 AUTH PLAIN',
  HELO: '250 mail.example',
  STARTTLS: '502 5.5.1 Not implemented',
  AUTH: '235 2.7.0 Come in',
  MAIL: '250 2.1.0 Ok',
  RCPT: '250 2.1.5 Ok',
  DATA: '354 Go on',
  content: '250 2.0.0 Queued',
  RSET: '250 Ok',
  QUIT: '221 Bye',
};

const silence: Step = () => undefined;
const end: Step = socket => void socket.end();
const reset: Step = socket => void socket.resetAndDestroy();
const half =
  (text: string, then: (socket: Socket) => void = () => undefined): Step =>
  socket => {
    socket.write(text, () => then(socket));
  };
const drip =
  (piece: string): Step =>
  socket => {
    const dripping = setInterval(() => socket.write(piece), 10);
    socket.once('close', () => clearInterval(dripping));
  };
const flood =
  (piece: string): Step =>
  socket => {
    const more = (): void => {
      while (!socket.destroyed && socket.write(piece.repeat(1_000)));
    };
    socket.on('drain', more);
    more();
  };

/** It says yes to STARTTLS, and then speaks on as before. */
const noTls: Step = socket => {
  socket.removeAllListeners('data');
  socket.write('220 Go\r\n');
  socket.once('data', () => socket.write('250 Ok\r\n'));
};

interface MailServer extends RawServer {
  /** Commands, as they came. */
  readonly said: readonly string[];
  readonly mails: readonly string[];
}

const servers: RawServer[] = [];
/** What its errors said. */
const texts: string[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.stop();
});

async function start(changed: Partial<Record<Where, Step>>): Promise<MailServer> {
  const steps = { ...SOUND, ...changed };
  const said: string[] = [];
  const mails: string[] = [];
  const server = await startRawServer(socket => {
    const act = (where: Where): void => {
      const step = steps[where];
      if (typeof step === 'string') socket.write(`${step}\r\n`);
      else step(socket);
    };
    let received = '';
    let inContent = false;
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      for (;;) {
        const mark = inContent ? '\r\n.\r\n' : '\r\n';
        const at = received.indexOf(mark);
        if (at < 0) return;
        const piece = received.slice(0, at);
        received = received.slice(at + mark.length);
        if (inContent) {
          inContent = false;
          mails.push(piece);
          act('content');
          continue;
        }
        said.push(piece);
        const verb = piece.split(' ')[0]?.toUpperCase() ?? '';
        inContent = verb === 'DATA' && typeof steps.DATA === 'string' && /^[23]/.test(steps.DATA);
        if (verb in steps) act(verb as Where);
      }
    });
    act('greeting');
  });
  servers.push(server);
  return Object.assign(Object.create(server) as RawServer, { said, mails });
}

async function send(server: RawServer, { parameters = '', user = '', signal = new AbortController().signal } = {}) {
  const mailer = createMailer(new URL(`smtp://${user}127.0.0.1:${server.port}${parameters}`), sender);
  try {
    await mailer.send(content, { to: 'victim@example.com', effectId: 'e', signal });
    return { failure: 'none' } as const;
  } catch (error) {
    if (!isDeliveryError(error)) throw error;
    texts.push(`${error.message}${error.stack}${String((error.cause as Error | undefined)?.stack)}`);
    return error;
  } finally {
    mailer.close();
  }
}

type Expected = FailureKind | 'none';

const CONVERSATIONS: readonly (readonly [string, Partial<Record<Where, Step>>, Expected])[] = [
  ['all is well', {}, 'none'],
  ['EHLO is not known, HELO is', { EHLO: '502 What?' }, 'none'],
  ['a reply in many lines', { content: '250-a\r\n250-b\r\n250 c' }, 'none'],
  ['another 2xx at the end', { content: '299 fine' }, 'none'],
  // Nothing was said of a mail.
  ['the end instead of a greeting', { greeting: end }, 'transient'],
  ['a reset instead of a greeting', { greeting: reset }, 'transient'],
  ['a greeting of 421', { greeting: '421 Busy' }, 'transient'],
  ['a greeting of 554', { greeting: '554 5.7.1 Your address is blocked' }, 'destination-down'],
  ['a greeting of 450', { greeting: '450 Later' }, 'transient'],
  ['a greeting of HTTP', { greeting: 'HTTP/1.1 400 Bad Request\r\n\r\n' }, 'transient'],
  ['a greeting of SSH', { greeting: 'SSH-2.0-OpenSSH_9.6' }, 'transient'],
  ['a greeting of zeroes', { greeting: '\0\0\0\0' }, 'transient'],
  ['a greeting that never ends', { greeting: flood('220-hello\r\n') }, 'transient'],
  ['a greeting line that never ends', { greeting: flood('2') }, 'transient'],
  ['EHLO and HELO are refused', { EHLO: '502 No', HELO: '502 No' }, 'destination-down'],
  ['EHLO is refused for now', { EHLO: '421 Later' }, 'transient'],
  ['the end at EHLO', { EHLO: end }, 'transient'],
  ['a reset at EHLO', { EHLO: reset }, 'transient'],
  ['half a reply to EHLO and the end', { EHLO: half('250-mail.exam', socket => socket.end()) }, 'transient'],
  ['garbage at EHLO', { EHLO: 'what?', HELO: 'what?' }, 'transient'],
  [
    'STARTTLS is offered, and the end follows',
    { EHLO: '250-x\r\n250 STARTTLS', STARTTLS: half('220 Go\r\n', socket => socket.end()) },
    'transient',
  ],
  ['STARTTLS is offered, and no TLS follows', { EHLO: '250-x\r\n250 STARTTLS', STARTTLS: noTls }, 'transient'],
  ['STARTTLS is offered, and refused for now', { EHLO: '250-x\r\n250 STARTTLS', STARTTLS: '454 Not now' }, 'transient'],
  // Of the mail, and it was not handed over.
  ['MAIL is refused for now', { MAIL: '451 4.7.1 Later' }, 'transient'],
  ['MAIL is refused for good', { MAIL: '550 5.7.1 No' }, 'permanent'],
  ['MAIL wants a password', { MAIL: '530 5.7.0 Sign in' }, 'destination-down'],
  ['the end at MAIL', { MAIL: end }, 'transient'],
  ['a reset at MAIL', { MAIL: reset }, 'transient'],
  ['garbage at MAIL', { MAIL: 'what?' }, 'transient'],
  ['RCPT is refused for now', { RCPT: '450 4.2.1 Later' }, 'transient'],
  ['the server says that it closes, at RCPT', { RCPT: '421 4.3.2 Closing' }, 'transient'],
  ['RCPT is refused for good', { RCPT: '550 5.1.1 victim@example.com is nobody' }, 'permanent'],
  ['RCPT comes out of order', { RCPT: '503 5.5.1 Bad sequence' }, 'transient'],
  ['the end at RCPT', { RCPT: end }, 'transient'],
  ['a reset at RCPT', { RCPT: reset }, 'transient'],
  ['garbage at RCPT', { RCPT: 'what?' }, 'transient'],
  ['a reply of no known kind at RCPT', { RCPT: '999 ?' }, 'transient'],
  ['DATA is refused for now', { DATA: '451 Later' }, 'transient'],
  ['DATA is refused for good', { DATA: '554 No' }, 'permanent'],
  ['the end at DATA', { DATA: end }, 'transient'],
  ['a reset at DATA', { DATA: reset }, 'transient'],
  // It was handed over.
  ['the content is refused for now', { content: '452 4.3.1 Full' }, 'transient'],
  ['the content is refused for good', { content: '554 5.6.0 No' }, 'permanent'],
  ['the server closes instead of taking the content', { content: '421 Bye' }, 'transient'],
  ['the end instead of a reply', { content: end }, 'unknown'],
  ['a reset instead of a reply', { content: reset }, 'unknown'],
  ['half a reply and the end', { content: half('25', socket => socket.end()) }, 'unknown'],
  ['half a refusal and the end', { content: half('55', socket => socket.end()) }, 'unknown'],
  ['garbage instead of a reply', { content: 'what?' }, 'unknown'],
  ['a reply of no known kind', { content: '999 ?' }, 'unknown'],
  ['a reply that asks for more', { content: '354 Go on' }, 'unknown'],
  ['a reply that never ends', { content: flood('250-more\r\n') }, 'unknown'],
  ['a reply line that never ends', { content: flood('2') }, 'unknown'],
];

test.each(CONVERSATIONS)('%s', async (_name, steps, expected) => {
  const server = await start(steps);
  expect(await send(server)).toMatchObject({ failure: expected });
  // Servers repeat the recipient's address.
  expect(texts.splice(0).join('\n')).not.toContain('victim');
  await server.allClosed();
});

describe.each([
  ['silence', silence],
  ['a byte now and then', drip('2')],
  ['a line now and then', drip('250-more\r\n')],
] as const)('%s is ended by the limit of the run', (_name, step) => {
  test.each([
    ['greeting', 'transient'],
    ['EHLO', 'transient'],
    ['MAIL', 'transient'],
    ['RCPT', 'transient'],
    ['DATA', 'transient'],
    ['content', 'unknown'],
  ] as const)('at %s: %s', async (where, expected) => {
    const stop = new AbortController();
    const server = await start({
      [where]: (socket: Socket) => {
        if (typeof step !== 'string') step(socket);
        stop.abort();
      },
    });
    expect(await send(server, { signal: stop.signal })).toMatchObject({ failure: expected });
    await server.allClosed();
  });
});

describe('TLS that the address asks for', () => {
  test('is not done without: no password and no mail leave, and the option is named', async () => {
    for (const EHLO of ['250-x\r\n250 AUTH PLAIN', '502 No']) {
      const server = await start({ EHLO });
      const failure = await send(server, { user: 'u:hunter2@', parameters: '?requireTLS=true' });
      expect(failure).toMatchObject({ failure: 'destination-down' });
      expect((failure as DeliveryError).message).toMatch(/requireTLS.*tls=never/);
      expect(texts.splice(0).join('\n')).not.toContain('hunter2');
      expect(server.said.filter(line => /^(AUTH|MAIL|DATA)/.test(line))).toEqual([]);
    }
  });

  test('is not begun where it says never', async () => {
    const server = await start({ EHLO: '250-x\r\n250-STARTTLS\r\n250 AUTH PLAIN' });
    expect(await send(server, { user: 'u:hunter2@', parameters: '?tls=never' })).toMatchObject({ failure: 'none' });
    expect(server.said.some(line => line.startsWith('STARTTLS'))).toBe(false);
  });
});

test('a password of any characters is what the server gets', async () => {
  const password = `${String.fromCharCode(...Array.from({ length: 95 }, (_, index) => index + 32))}äß€語😀`;
  const server = await start({});
  await send(server, { user: `us%C3%A9r:${encodeURIComponent(password)}@` });
  const [auth = ''] = server.said.filter(line => line.startsWith('AUTH PLAIN '));
  expect(Buffer.from(auth.slice(11), 'base64').toString('utf8')).toBe(`\0usér\0${password}`);
});

describe('what a reader makes of a subject', () => {
  test.each([
    '=?utf-8?Q?a=0D=0ABcc:_b@x.example?=',
    'Welcome, =?utf-8?B?YQ0KQmNjOiBiQHguZXhhbXBsZQ==?=',
    'Welcome, =?utf-8?Q?a b?= and =?x',
    'Welcome, =?us-ascii?q?=41?= ä',
    `Welcome, ${'=?utf-8?Q?a?= '.repeat(30).trim()}`,
    'Welcome, Zoë &lt;b&gt; %0D%0ABcc: b@x.example \\r\\nBcc: b',
    'Welcome, a\u200d b 👩‍👩‍👧',
  ])('is the subject: %j', async subject => {
    const server = await start({});
    const mailer = createMailer(new URL(`smtp://127.0.0.1:${server.port}`), sender);
    const text = 'Hello\r\n.\r\nMAIL FROM:<a@b.example>\n.\nFrom here';
    await mailer.send(
      { subject, html: '', text },
      { to: 'a@b.example', effectId: 'e', signal: new AbortController().signal },
    );
    mailer.close();
    const [raw = ''] = server.mails;
    expect(server.mails).toHaveLength(1);
    expect(raw.split('\r\n\r\n')[0]).not.toMatch(/^bcc:/im);
    const mail = await simpleParser(Buffer.from(raw.replaceAll('\r\n..', '\r\n.'), 'latin1'));
    expect(mail.subject).toBe(subject);
    expect([...mail.headers.keys()]).not.toContain('bcc');
    expect(mail.text?.trim()).toBe(text.replaceAll('\r\n', '\n'));
  });
});
