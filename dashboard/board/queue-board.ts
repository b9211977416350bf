import { AsyncLocalStorage } from 'node:async_hooks';
import { createBullBoard } from '@bull-board/api';
import type { Express, RequestHandler } from 'express';
import type { App } from '../../src/contracts/index.ts';
import type { Engine, EngineQueue } from '../../src/engine/index.ts';
import type { Facts } from '../../src/facts/index.ts';
import { clientOn } from '../../src/queue/index.ts';
import type { Viewer } from '../sign-in/sessions.ts';
import { boardError } from './board-error.ts';
import { boardHooks } from './guard.ts';
import { boardFrame } from './board-frame.ts';
import { BOARD_LANGUAGE } from './board-words.ts';
import { BoardServerAdapter } from './server-adapter.ts';
import { ShownQueue } from './shown-queue.ts';

export interface QueueBoardOptions {
  readonly app: App;
  readonly engine: Engine;
  /** Where the dashboard is mounted; empty for the root. */
  readonly basePath: string;
  readonly facts: Facts;
  readonly onError: (error: unknown) => void;
}

const RETRY_MS = 1_000;

/**
 * Bull Board over every queue of the app. The engine may be away when it starts: queues appear as soon as they can be opened.
 */
export class QueueBoard {
  readonly #app: App;
  readonly #engine: Engine;
  readonly #queues = new Map<string, EngineQueue>();
  readonly #viewer = new AsyncLocalStorage<Viewer>();
  readonly #router: RequestHandler;
  readonly #show: (queue: EngineQueue) => void;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor({ app, engine, basePath, facts, onError }: QueueBoardOptions) {
    this.#app = app;
    this.#engine = engine;
    const client = clientOn(engine, facts);
    const server = new BoardServerAdapter(() => boardFrame(basePath, this.#viewer.getStore())).setBasePath(
      `${basePath}/queues`,
    );
    const board = createBullBoard({
      queues: [],
      serverAdapter: server,
      options: {
        handlerHooks: boardHooks(app, () => this.#viewer.getStore()),
        uiConfig: {
          boardTitle: 'Shiftwork',
          boardLogo: { path: `${basePath}/assets/icon.svg`, width: 24, height: 24 },
          favIcon: { default: `${basePath}/assets/icon.svg`, alternative: 'static/favicon-32x32.png' },
          // In which our words for states are written; people may choose another in the settings of their browser's page.
          locale: { lng: BOARD_LANGUAGE },
          // Each open page asks for every queue each time.
          pollingInterval: { forceInterval: 10, showSetting: false },
          // It leads to a page on another host.
          hideDocsLink: true,
        },
      },
    });
    server.setErrorHandler(error => boardError(error, onError));
    const router = server.getRouter() as Express;
    router.disable('x-powered-by');
    this.#router = router;
    const enqueue = async (queue: string, name: string, data: unknown, options: unknown): Promise<string> => {
      const contract = app.jobs.get(name);
      if (contract === undefined || contract.queue !== queue) throw new Error('No such job.');
      const [receipt] = await client.enqueueMany([
        // The client checks the options against what it knows, whatever their type says.
        { kind: 'job-request', contract, data, options: (options ?? {}) as object },
      ]);
      return receipt?.id ?? '';
    };
    this.#show = queue => board.addQueue(new ShownQueue(queue, { app, engine, enqueue }));
  }

  /** Every queue of the app has been opened once. */
  get complete(): boolean {
    return this.#queues.size === this.#app.queues.size;
  }

  /** Those that have been opened, in the app's order: they open in whatever order the engine answers. */
  get queues(): ReadonlyMap<string, EngineQueue> {
    const opened = new Map<string, EngineQueue>();
    for (const name of this.#app.queues.keys()) {
      const queue = this.#queues.get(name);
      if (queue !== undefined) opened.set(name, queue);
    }
    return opened;
  }

  /** Opens what is not open yet, and keeps trying once a second until all are. */
  async open(): Promise<void> {
    await Promise.all(
      [...this.#app.queues.keys()]
        .filter(name => !this.#queues.has(name))
        .map(async name => {
          try {
            const queue = await this.#engine.queue(name);
            if (this.#queues.has(name)) return;
            this.#queues.set(name, queue);
          } catch {
            // The engine has called its own listener; /readyz and the pages say that it is away.
          }
        }),
    );
    if (this.complete) for (const name of this.#app.queues.keys()) this.#showOnce(name);
    else if (!this.#closed) this.#timer = setTimeout(() => void this.open(), RETRY_MS).unref();
  }

  /** Bull Board for a person who has been let in. */
  handle(viewer: Viewer): RequestHandler {
    return (request, response, next) => this.#viewer.run(viewer, () => this.#router(request, response, next));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #showOnce(name: string): void {
    const queue = this.#queues.get(name);
    if (queue !== undefined) this.#show(queue);
  }
}
