import { expect, test } from 'vitest';
import webPushLibrary from 'web-push';
import { validatePayload } from '../src/contracts/index.ts';
import { recordingClient } from '../src/testing/index.ts';
import { webPush } from './index.ts';

const subscription = {
  endpoint: 'https://push.example/x',
  keys: {
    p256dh: webPushLibrary.generateVAPIDKeys().publicKey,
    auth: Buffer.alloc(16, 7).toString('base64url'),
  },
};
const vapidDetails = { subject: 'mailto:ops@example.com', ...webPushLibrary.generateVAPIDKeys() };

/** As the worker encrypts it. */
function encryptedBytes(notification: object): number {
  const options = { vapidDetails, contentEncoding: 'aes128gcm' } as const;
  return (
    webPushLibrary.generateRequestDetails(subscription, JSON.stringify(notification), options).body?.byteLength ?? 0
  );
}

/** A body of the character that makes the whole so many bytes of JSON, its rest filled up with `x`. */
function filled(character: string, bytes: number): { readonly title: string; readonly body: string } {
  const left = bytes - Buffer.byteLength(JSON.stringify({ title: 'a', body: '' }));
  const each = Buffer.byteLength(JSON.stringify(character)) - 2;
  const times = Math.min(Math.floor(left / each), Math.floor(1_990 / character.length));
  return { title: 'a', body: character.repeat(times) + 'x'.repeat(Math.max(0, left - times * each)) };
}

const taken = (notification: object) => validatePayload(webPush, { subscription, notification });

test.each(['本', '\u0001', '"', '\n', '€'])(
  'a push of %j is taken up to what a push service takes when it is encrypted',
  async character => {
    const most = filled(character, 3_993);
    expect(encryptedBytes(most)).toBe(4_096);
    await expect(Promise.resolve(taken(most))).resolves.toMatchObject({ notification: most });
    const more = { ...most, body: `${most.body}x` };
    expect(encryptedBytes(more)).toBe(4_097);
    expect(() => taken(more)).toThrow(/notification.*3993 bytes/);
  },
);

test.each([
  ['2,000 characters of three bytes', { title: 'a', body: '本'.repeat(2_000) }],
  ['1,000 of four bytes, and a long title', { title: '語'.repeat(200), body: '😀'.repeat(1_000) }],
  [
    'an address of 2,000 characters beside the text',
    { title: 'a', body: 'x'.repeat(2_000), url: `https://x.example/${'y'.repeat(2_000)}` },
  ],
])('%s are refused when they are enqueued', async (_case, notification) => {
  const client = recordingClient();
  const enqueuing = client.enqueue(webPush, { subscription, notification });
  await expect(enqueuing).rejects.toMatchObject({
    code: 'INVALID_PAYLOAD',
    message: expect.stringContaining('notification'),
  });
});

test('what fits is not refused for its characters', () => {
  expect(() => taken({ title: '語'.repeat(200), body: '本'.repeat(1_000) })).not.toThrow();
  expect(() => taken({ title: 'a', body: 'x'.repeat(2_000) })).not.toThrow();
});
