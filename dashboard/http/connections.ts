import type { Socket } from 'node:net';

/** Who is to be told when a connection closes: any number, where Node warns of more than ten listeners on one. */
export class Connections {
  readonly #told = new WeakMap<Socket, Set<() => void>>();

  /** Answers how to take it back, which whoever does not need it any more must do: connections live long. */
  onClose(socket: Socket, tell: () => void): () => void {
    const told = this.#told.get(socket) ?? this.#watch(socket);
    told.add(tell);
    return () => void told.delete(tell);
  }

  #watch(socket: Socket): Set<() => void> {
    const told = new Set<() => void>();
    this.#told.set(socket, told);
    socket.once('close', () => {
      for (const tell of told) tell();
    });
    return told;
  }
}
