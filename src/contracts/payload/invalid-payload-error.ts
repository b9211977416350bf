import { kindOfThrown, ShiftworkError } from '../../errors/index.ts';

export interface PayloadIssue {
  /** Dotted path inside the payload, `(root)` for the payload itself. */
  readonly path: string;
  readonly message: string;
}

/** The data does not fit the contract's schema. Nothing was queued. */
export class InvalidPayloadError extends ShiftworkError {
  readonly code = 'INVALID_PAYLOAD';
  readonly contract: string;
  readonly issues: readonly PayloadIssue[];

  /** `options.cause`: what a function of the contract has thrown. */
  constructor(contract: string, issues: readonly PayloadIssue[], options?: ErrorOptions) {
    const detail = issues.map(issue => `${issue.path}: ${issue.message}`).join('; ');
    super(
      `The data for "${contract}" does not fit its schema: ${detail}. Nothing was queued; correct the data.`,
      options,
    );
    this.contract = contract;
    this.issues = issues;
  }
}

/** Of a function of the contract, such as `key`: the message does not repeat what was thrown, which may hold the data. */
export function functionThrew(contract: string, path: string, what: string, cause: unknown): InvalidPayloadError {
  return new InvalidPayloadError(contract, [{ path, message: `${what} threw ${kindOfThrown(cause)}` }], { cause });
}
