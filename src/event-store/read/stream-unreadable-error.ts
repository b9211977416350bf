import { ShiftworkError } from '../../errors/index.ts';

/** A stream holds an event that matters to its state and that this release cannot read: no decision can stand on it. */
export class StreamUnreadableError extends ShiftworkError {
  readonly code = 'STREAM_UNREADABLE';
  readonly stream: string;

  constructor(stream: string, version: number, type: string, detail: string) {
    super(
      `The state of stream "${stream}" cannot be known: its event ${version} ("${type}") cannot be read: ${detail}. ` +
        'Nothing was decided: deploy the release that wrote it, or add the upgrade step.',
    );
    this.stream = stream;
  }
}
