import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { orderConfirmation, passwordReset, welcomeEmail } from '../../jobs/index.ts';
import { validatePayload, type AnyJobContract, InvalidPayloadError } from '../../src/contracts/index.ts';
import { DeliveryError } from '../../src/resilience/index.ts';
import { createMailer } from '../../workers/email/index.ts';
import { html } from '../../workers/email/templates/html.ts';
import { orderConfirmationMail } from '../../workers/email/templates/order-confirmation.ts';
import { passwordResetMail } from '../../workers/email/templates/password-reset.ts';
import { welcome } from '../../workers/email/templates/welcome.ts';
import { startMailbox, type Mailbox } from '../support/mailbox.ts';
import { startScriptedSmtp, type ScriptedSmtp } from '../support/smtp-script.ts';
import { waitFor } from '../support/wait-for.ts';

const sender = { name: 'The shop', address: 'shop@shop.example', domain: 'shop.example' };
const forever = new AbortController().signal;
const expectRefused = (contract: AnyJobContract, data: unknown) =>
  expect(() => validatePayload(contract, data)).toThrow(InvalidPayloadError);

describe('case 20: line breaks on the way to a header', () => {
  test.each(['\r\n', '\n', '\r', '\0', '\u2028', '\u2029', '\u0085', '\u202e'])(
    '%j in a name is refused before it is queued',
    mark => {
      expectRefused(welcomeEmail, { userId: 'u1', email: 'ada@example.com', name: `Ada${mark}Bcc: x@evil.example` });
    },
  );

  test.each(['\r\n', '\n', '\0', ' ', ','])('%j in an address is refused before it is queued', mark => {
    expectRefused(welcomeEmail, { userId: 'u1', email: `ada@example.com${mark}Bcc:x@evil.example`, name: 'Ada' });
  });

  test('the mailer refuses a subject with a line break, whatever wrote it', async () => {
    const mailer = createMailer(new URL('smtp://127.0.0.1:1'), sender);
    const sending = mailer.send(
      { subject: 'Hi\r\nBcc: x@evil.example', html: '', text: '' },
      { to: 'a@b.example', effectId: 'e', signal: forever },
    );
    await expect(sending).rejects.toMatchObject({ failure: 'permanent' });
    mailer.close();
  });
});

describe('case 21: addresses that are more than one address', () => {
  test.each([
    '"a@evil x"@ok.example',
    'Ada <ada@example.com>',
    'ada@example.com, eve@example.com',
    'ada@example.com;eve@example.com',
    'friends: ada@example.com;',
    'ada(comment)@example.com',
    'ada@example.com(comment)',
    'ada@[127.0.0.1]',
    'ada@localhost',
    'ada@@example.com',
    'ada@example.com@evil.example',
    '.ada@example.com',
    'ada..l@example.com',
    'ada@-example.com',
    'ada@example..com',
    `${'a'.repeat(65)}@example.com`,
    `a@${'b'.repeat(250)}.com`,
    'ad\u0430@example.com',
    '',
  ])('%j is refused', email => {
    expectRefused(welcomeEmail, { userId: 'u1', email, name: 'Ada' });
    expectRefused(orderConfirmation, { orderId: 'o1', email });
    expectRefused(passwordReset, { email, resetToken: 'x'.repeat(32) });
  });

  test.each(['ada@example.com', "o'neil+tag@sub.example.co", 'a_b-c@EXAMPLE.com', 'x@xn--bcher-kva.example'])(
    '%j is taken',
    email => {
      expect(() => validatePayload(welcomeEmail, { userId: 'u1', email, name: 'Ada' })).not.toThrow();
    },
  );
});

describe('case 22: content from files or addresses', () => {
  test.each(['path', 'href', 'raw', 'attachments', 'html', 'headers', 'cc', '__proto__x'])(
    'a field %s is refused by every contract',
    field => {
      expectRefused(welcomeEmail, { userId: 'u1', email: 'ada@example.com', name: 'Ada', [field]: '/etc/passwd' });
      expectRefused(orderConfirmation, { orderId: 'o1', email: 'ada@example.com', [field]: '/etc/passwd' });
      expectRefused(passwordReset, { email: 'ada@example.com', resetToken: 'x'.repeat(32), [field]: '/etc/passwd' });
    },
  );

  test('a template cannot make the library read a file', async () => {
    const mailbox = await startMailbox();
    const mailer = createMailer(new URL(mailbox.smtpUrl), sender);
    const content = { subject: 'x', text: 'x', html: { path: '/etc/passwd' } as unknown as string };
    const sending = mailer.send(content, { to: 'a@b.example', effectId: 'e', signal: forever });
    await expect(sending).rejects.toBeInstanceOf(DeliveryError);
    expect(await mailbox.mails()).toEqual([]);
    mailer.close();
    await mailbox.stop();
  });
});

describe('case 23: markup and template syntax in data', () => {
  const hostile = `<script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}\${7*7}<%= 7*7 %>"'\``;

  test('stands in the mail as text', () => {
    const name = hostile.slice(0, 100);
    const mails = [
      welcome({ name, appUrl: 'https://shop.example/' }),
      orderConfirmationMail({
        id: name,
        userId: 'u',
        email: 'a@b.example',
        currency: 'EUR',
        items: [{ productId: name, quantity: 1, price: 5 }],
        total: 5,
      }),
    ];
    for (const mail of mails) {
      expect(mail.html).not.toMatch(/<script|<img/);
      expect(mail.html).toContain('&lt;script&gt;');
      expect(mail.html).toContain('{{7*7}}');
      expect(mail.html).not.toContain('49');
    }
  });

  test('cannot leave an attribute', () => {
    expect(html`<a href="${'" onmouseover="x'}">${"'`"}</a>`.markup).toBe(
      '<a href="&quot; onmouseover=&quot;x">&#39;&#96;</a>',
    );
  });

  test('a reset link carries its token as a parameter and nothing else', () => {
    const mail = passwordResetMail({ resetUrl: 'https://shop.example/reset?token=abc', life: 'one hour' });
    expect(mail.html).toContain('href="https://shop.example/reset?token=abc"');
    expect(mail.text).toContain('https://shop.example/reset?token=abc');
  });
});

describe('a real SMTP conversation', () => {
  let mailbox: Mailbox;
  beforeAll(async () => {
    mailbox = await startMailbox();
  });
  afterAll(() => mailbox.stop());

  test('delivers HTML and text to the one address, with a Message-ID that a repeat shares', async () => {
    const mailer = createMailer(new URL(mailbox.smtpUrl), sender);
    const content = welcome({ name: 'Zo\u00eb <b>', appUrl: 'https://shop.example/' });
    const options = { to: 'zoe@example.com', effectId: 'email-1', signal: forever };
    await mailer.send(content, options);
    await mailer.send(content, options);
    const mails = await waitFor('both mails', async () => {
      const all = await mailbox.mails();
      return all.length === 2 && all;
    });
    for (const mail of mails) {
      expect(mail.subject).toBe('Welcome, Zo\u00eb <b>');
      expect(mail.headers['message-id']).toBe('<email-1@shop.example>');
      expect(mail.headers['auto-submitted']).toBe('auto-generated');
      expect(mail.headers).not.toHaveProperty('x-mailer');
      expect(mail.to).toEqual([expect.objectContaining({ address: 'zoe@example.com' })]);
      expect(mail.html).toContain('Zo\u00eb &lt;b&gt;');
      expect(mail.text).toContain('Your account is ready');
    }
    mailer.close();
  });
});

describe('what a failed conversation means', () => {
  let smtp: ScriptedSmtp | undefined;
  afterEach(async () => {
    await smtp?.stop();
    smtp = undefined;
  });

  async function failure(signal = forever): Promise<DeliveryError> {
    if (smtp === undefined) throw new Error('no server');
    const mailer = createMailer(smtp.url, sender);
    const sending = mailer.send(
      { subject: 's', html: 'h', text: 't' },
      { to: 'victim@example.com', effectId: 'e', signal },
    );
    const error = await sending.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    mailer.close();
    expect(error).toBeInstanceOf(DeliveryError);
    return error as DeliveryError;
  }

  const reply = (responseCode: number) =>
    Object.assign(new Error('No mailbox victim@example.com here'), { responseCode });

  test.each([
    [421, 'transient'],
    [450, 'transient'],
    [451, 'transient'],
    [452, 'transient'],
    [550, 'permanent'],
    [552, 'permanent'],
    [554, 'permanent'],
  ] as const)('a reply of %d to the recipient is %s', async (code, kind) => {
    smtp = await startScriptedSmtp({ onRcptTo: (_address, _session, done) => done(reply(code)) });
    const error = await failure();
    expect(error.failure).toBe(kind);
    expect(error.message).toContain(String(code));
  });

  test('a refused login is the destination, not the mail', async () => {
    smtp = await startScriptedSmtp({ authOptional: false, onAuth: (_auth, _session, done) => done(reply(535)) });
    smtp.url.username = 'user';
    smtp.url.password = 'hunter2-wrong';
    const error = await failure();
    expect(error.failure).toBe('destination-down');
    expect(`${error.message}${error.stack}${String(error.cause)}`).not.toContain('hunter2');
  });

  test('a server that is not there is transient', async () => {
    smtp = await startScriptedSmtp({});
    await smtp.stop();
    expect((await failure()).failure).toBe('transient');
  });

  test('a connection lost after the content was sent may have delivered: unknown', async () => {
    smtp = await startScriptedSmtp({
      onData(stream) {
        stream.resume();
        // No answer, ever: the client cannot know.
        stream.once('end', () => smtp?.drop());
      },
    });
    expect((await failure()).failure).toBe('unknown');
  });

  test('a run stopped while the mail is on its way is unknown', async () => {
    const reached = Promise.withResolvers<void>();
    smtp = await startScriptedSmtp({
      onData(stream) {
        stream.resume();
        reached.resolve();
      },
    });
    const stop = new AbortController();
    const failing = failure(stop.signal);
    await reached.promise;
    stop.abort(new Error('shutdown'));
    expect((await failing).failure).toBe('unknown');
  });

  test('a run stopped before anything was sent is not in doubt', async () => {
    smtp = await startScriptedSmtp({});
    expect((await failure(AbortSignal.abort())).failure).toBe('transient');
  });

  test("no message repeats the recipient's address", async () => {
    smtp = await startScriptedSmtp({ onRcptTo: (_address, _session, done) => done(reply(550)) });
    const error = await failure();
    const cause = error.cause instanceof Error ? `${error.cause.message}${error.cause.stack}` : '';
    expect(`${error.message}${error.stack}${cause}`).not.toContain('victim');
  });
});
