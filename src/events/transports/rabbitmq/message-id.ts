import { hash } from 'node:crypto';
import type { ConsumeMessage, GetMessage } from 'amqplib';

/** A property that is a text has its length in one byte; amqplib throws at a longer one. */
const SHORT_BYTES = 255;

export function isShort(text: string): boolean {
  // Nearly all of them: a UTF-16 unit has three bytes at most.
  return 3 * text.length <= SHORT_BYTES || Buffer.byteLength(text) <= SHORT_BYTES;
}

/** An event's id, or where that is too long what `messageIdOf` makes of its content: the CloudEvent has the id anyway. */
export function messageIdFor(id: string, content: Buffer): string {
  return isShort(id) ? id : digestOf(content);
}

/** A stranger's message may have none; its dead letter needs one, or it could not be told from others. */
export function messageIdOf({ properties, content }: ConsumeMessage | GetMessage): string {
  const { messageId } = properties;
  return typeof messageId === 'string' && messageId !== '' ? messageId : digestOf(content);
}

function digestOf(content: Buffer): string {
  return hash('sha256', content, 'hex').slice(0, 32);
}
