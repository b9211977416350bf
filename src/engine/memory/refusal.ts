import type { ErrorCode } from 'bullmq';

/** A refusal as BullMQ's backends say it: its code, and its words. */
export class Refusal extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
