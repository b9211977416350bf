import { hash } from 'node:crypto';
import type { ConsumeMessage, GetMessage } from 'amqplib';

/** A stranger's message may have none; its dead letter needs one, or it could not be told from others. */
export function messageIdOf({ properties, content }: ConsumeMessage | GetMessage): string {
  const { messageId } = properties;
  return typeof messageId === 'string' && messageId !== '' ? messageId : hash('sha256', content, 'hex').slice(0, 32);
}
