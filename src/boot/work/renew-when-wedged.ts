import type { Engine } from '../../engine/index.ts';
import type { Facts } from '../../facts/index.ts';
import { watchForWedge, type WorkerHost } from '../../runtime/index.ts';

export interface WedgedWorker {
  readonly name: string;
  readonly engine: Engine;
  readonly queues: readonly string[];
  readonly host: WorkerHost;
  readonly facts: Facts;
  /** Called when connections made anew did not help: this process must be replaced. */
  readonly onHopeless: (queue: string) => void;
}

/** Makes a worker's connections anew when it has silently stopped fetching. Answers a function that stops watching. */
export function renewWhenWedged({ name, engine, queues, host, facts, onHopeless }: WedgedWorker): () => void {
  return watchForWedge({
    engine,
    queues,
    running: host.running,
    fetches: host.fetches,
    isQuiet: () => host.isQuiet,
    onWedged: queue => {
      facts.emit('worker.wedged', { worker: name, queue, step: 'reconnect' });
      engine.renew();
    },
    onHopeless: queue => {
      facts.emit('worker.wedged', { worker: name, queue, step: 'leave' });
      onHopeless(queue);
    },
  });
}
