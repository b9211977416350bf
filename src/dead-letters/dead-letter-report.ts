/** What became of each. `skipped` says why not, by id. */
export interface DeadLetterReport {
  readonly matched: number;
  readonly done: readonly string[];
  readonly skipped: readonly { readonly id: string; readonly why: string }[];
}

export function merged(one: DeadLetterReport, other: DeadLetterReport): DeadLetterReport {
  return {
    matched: one.matched + other.matched,
    done: [...one.done, ...other.done],
    skipped: [...one.skipped, ...other.skipped],
  };
}
