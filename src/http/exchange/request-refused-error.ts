import { ShiftworkError } from '../../errors/index.ts';

export interface RefusalOptions {
  /** Headers of the answer beside those of every answer. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request over HTTP that was not taken: its token, its address, its form. Nothing was done. */
export class RequestRefusedError extends ShiftworkError {
  readonly code = 'REQUEST_REFUSED';
  /** As HTTP gives them: 400, 401, 403, 404, 405, 408, 413, 415, 417, 429, 431, 503. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, { headers = {} }: RefusalOptions = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/** The one answer for what is not there and for what this caller may not know of. */
export function notFound(): RequestRefusedError {
  return new RequestRefusedError(404, 'There is nothing here that this token may reach.');
}
