import { Redis } from 'ioredis';

/** ioredis for a read that blocks, able to be disconnected at any time. */
export class BlockingRedis extends Redis {
  /**
   * Between two attempts to connect, ioredis has no stream whose end it could tell: it then says nothing and settles nothing, and
   * BullMQ, which waits for its `end`, never closed its worker (seen: a stop right after an outage took the whole grace period).
   */
  override disconnect(reconnect = false): void {
    if (!reconnect && this.status === 'reconnecting') this.status = 'wait';
    super.disconnect(reconnect);
  }
}
