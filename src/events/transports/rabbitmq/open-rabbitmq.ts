import { loadOptional } from '../../../errors/index.ts';
import type { Transport } from '../../transport.ts';
import type { RabbitMqOptions } from './options.ts';

/**
 * RabbitMQ as a transport. amqplib is loaded here and nowhere else: an app without RabbitMQ never does.
 * @throws InvalidConfigError when the URL is none of RabbitMQ
 */
export async function openRabbitMq(options: RabbitMqOptions): Promise<Transport> {
  const { RabbitMqTransport } = await loadOptional('amqplib', 'RabbitMQ', () => import('./rabbitmq-transport.ts'));
  return new RabbitMqTransport(options);
}
