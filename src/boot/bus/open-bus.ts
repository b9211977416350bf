import type { App } from '../../contracts/index.ts';
import { Bus, InProcessTransport, openRabbitMq, RedisStreamsTransport, type Transport } from '../../events/index.ts';
import type { Facts } from '../../facts/index.ts';
import { loadTracer } from '../../telemetry/index.ts';

export interface BusAddress {
  readonly rabbitmq: string | undefined;
  readonly redis: string | undefined;
  readonly namespace: string | undefined;
}

/** RabbitMQ where there is one, else Redis streams, else this process itself: what follows from an event is done before it counts as sent. */
export async function openBus(app: App, facts: Facts, address: BusAddress): Promise<Bus> {
  const tracer = await loadTracer();
  return new Bus({
    events: [...app.events.values()],
    transport: await transportOf(address),
    facts,
    ...(tracer !== undefined && { tracer }),
  });
}

async function transportOf({ rabbitmq, redis, namespace }: BusAddress): Promise<Transport> {
  if (rabbitmq !== undefined) return openRabbitMq({ url: rabbitmq, namespace });
  if (redis !== undefined) return new RedisStreamsTransport({ url: redis, namespace });
  return new InProcessTransport();
}
