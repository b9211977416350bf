import type { Channel, ConsumeMessage } from 'amqplib';

/**
 * Acknowledges what has ended in one turn of the loop: in one frame, where nothing older is still under way. AMQP has one answer for
 * "all up to this", and the broker's work for it is that for one.
 */
export class Acknowledger {
  readonly #channel: Channel;
  /** Delivery tags in the order of arrival, which is ascending. */
  readonly #open = new Set<number>();
  #ended: ConsumeMessage[] = [];

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  arrived({ fields }: ConsumeMessage): void {
    this.#open.add(fields.deliveryTag);
  }

  ack(message: ConsumeMessage): void {
    this.#open.delete(message.fields.deliveryTag);
    // After every promise that could go on has done so.
    if (this.#ended.length === 0) process.nextTick(() => this.flush());
    this.#ended.push(message);
  }

  flush(): void {
    const ended = this.#ended;
    this.#ended = [];
    const [oldestOpen = Number.POSITIVE_INFINITY] = this.#open;
    let upTo: ConsumeMessage | undefined;
    try {
      for (const message of ended) {
        const { deliveryTag } = message.fields;
        if (deliveryTag > oldestOpen) this.#channel.ack(message);
        else if (upTo === undefined || deliveryTag > upTo.fields.deliveryTag) upTo = message;
      }
      if (upTo !== undefined) this.#channel.ack(upTo, true);
    } catch {
      // The channel is gone: the broker delivers them again.
    }
  }
}
