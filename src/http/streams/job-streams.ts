import type { IncomingMessage } from 'node:http';
import { requireTags, type ClientInsides } from '../../queue/index.ts';
import { JobFeed, type Shape, type StreamTarget } from './job-feed.ts';
import { OpenStreams, USUAL_STREAMS, type OpenedStream, type StreamSettings } from './open-streams.ts';

export interface NewStream extends Omit<OpenedStream, 'feed'> {
  readonly request: IncomingMessage;
  readonly target: StreamTarget;
  readonly shape: Shape;
}

/** The live streams of one door that are about jobs. */
export class JobStreams {
  readonly #insides: ClientInsides;
  readonly #streams: OpenStreams;

  constructor(insides: ClientInsides, settings: StreamSettings = USUAL_STREAMS) {
    this.#insides = insides;
    this.#streams = new OpenStreams(settings);
  }

  /** Answers the request with a stream; resolves when that has ended. @throws RequestRefusedError 429, 503, InvalidOptionsError for what are no tags */
  async open({ request, target, shape, ...stream }: NewStream): Promise<void> {
    // Before anything is answered: what are no tags is a request to be refused.
    if ('tag' in target) requireTags(target.tag);
    const seen = String(request.headers['last-event-id'] ?? '');
    const feed = (opened: ConstructorParameters<typeof JobFeed>[0]): void => {
      void new JobFeed(opened, this.#insides, target, shape, seen);
    };
    await this.#streams.open({ ...stream, feed });
  }

  /** Ends all of them, and each that is opened later. */
  close(): void {
    this.#streams.close();
  }
}
