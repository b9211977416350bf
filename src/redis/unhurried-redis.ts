import { Redis, type Command } from 'ioredis';

/**
 * ioredis, whose refusals take a turn of the event loop. While there is no connection it refuses a command at once, in a microtask: whoever tries again
 * in a loop then keeps the loop from turning, and the connection from ever coming back (seen: the process takes a core and grows until it ends).
 */
export class UnhurriedRedis extends Redis {
  override sendCommand(command: Command, stream?: Parameters<Redis['sendCommand']>[1]): unknown {
    if (this.status !== 'ready' || !this.stream.writable) refuseUnhurried(command);
    return super.sendCommand(command, stream);
  }
}

/** For a command that may be refused without a trip. */
export function refuseUnhurried(command: Command): void {
  const { reject } = command;
  command.reject = error => void setImmediate(reject, error);
}
