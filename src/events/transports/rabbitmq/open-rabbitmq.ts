import { loadOptional, requireShape, type KnownOptions } from '../../../errors/index.ts';
import type { Transport } from '../../transport.ts';
import type { RabbitMqOptions } from './options.ts';

const KNOWN: KnownOptions<RabbitMqOptions> = {
  url: true,
  namespace: true,
  inspectEveryMs: true,
};

/**
 * RabbitMQ as a transport. amqplib is loaded here and nowhere else: an app without RabbitMQ never does.
 * @throws InvalidConfigError when the URL is none of RabbitMQ
 */
export async function openRabbitMq(options: RabbitMqOptions): Promise<Transport> {
  requireShape('the options of openRabbitMq()', options, KNOWN, { url: 'a text' });
  const { RabbitMqTransport } = await loadOptional('amqplib', 'RabbitMQ', () => import('./rabbitmq-transport.ts'));
  return new RabbitMqTransport(options);
}
