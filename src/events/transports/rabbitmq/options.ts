export interface RabbitMqOptions {
  /** `amqp:` or `amqps:` URL. */
  readonly url: string;
  /** Keeps installations apart; `shiftwork` when left out. */
  readonly namespace?: string | undefined;
  /** How often the length of queues is looked at; 5 s by default. */
  readonly inspectEveryMs?: number;
}
