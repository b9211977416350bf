import type { Socket } from 'node:net';

/** Calls any number of listeners when a connection closes, where Node warns of more than ten listeners on one. */
export class Connections {
  readonly #listeners = new WeakMap<Socket, Set<() => void>>();

  /** Answers how to take it back, which whoever does not need it any more must do: connections live long. */
  onClose(socket: Socket, listener: () => void): () => void {
    const listeners = this.#listeners.get(socket) ?? this.#watch(socket);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  #watch(socket: Socket): Set<() => void> {
    const listeners = new Set<() => void>();
    this.#listeners.set(socket, listeners);
    socket.once('close', () => {
      for (const listener of listeners) listener();
    });
    return listeners;
  }
}
