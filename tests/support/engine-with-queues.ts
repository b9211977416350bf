import type { Engine, EngineQueue } from '../../src/engine/index.ts';

/** The engine, but for how a queue of it is opened: a test may keep whoever asks waiting. */
export function engineWithQueues(engine: Engine, queue: (name: string) => Promise<EngineQueue>): Engine {
  return {
    kind: engine.kind,
    target: engine.target,
    clock: engine.clock,
    cipher: engine.cipher,
    secrets: engine.secrets,
    queue,
    existingQueue: name => engine.existingQueue(name),
    readyQueue: name => engine.readyQueue(name),
    queueNames: () => engine.queueNames(),
    turns: (name, settings) => engine.turns(name, settings),
    ends: () => engine.ends(),
    addFlow: flow => engine.addFlow(flow),
    batches: () => engine.batches(),
    claims: name => engine.claims(name),
    handBack: (name, held) => engine.handBack(name, held),
    place: app => engine.place(app),
    contents: (queues, priorities) => engine.contents(queues, priorities),
    space: queues => engine.space(queues),
    backing: () => engine.backing(),
    renew: () => engine.renew(),
    check: () => engine.check(),
    migrate: () => engine.migrate(),
    close: ms => engine.close(ms),
  };
}
