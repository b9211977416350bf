import { ShiftworkError } from '../../errors/index.ts';

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

  constructor(contract: string, issues: readonly PayloadIssue[]) {
    const detail = issues.map(issue => `${issue.path}: ${issue.message}`).join('; ');
    super(`The data for "${contract}" does not fit its schema: ${detail}. Nothing was queued; correct the data.`);
    this.contract = contract;
    this.issues = issues;
  }
}
