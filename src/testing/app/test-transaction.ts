import { asksForSecret, entriesIn, type OutboxEntry } from '../../outbox/index.ts';

/** What the app's own statements are answered with. */
export type AnswerQuery = (
  text: string,
  values: readonly unknown[],
) => readonly unknown[] | undefined | Promise<readonly unknown[] | undefined>;

/** Stands where the client of a database transaction stands: an outbox writes through it. */
export interface TestTransaction {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: unknown[]; readonly rowCount: number }>;
}

export interface Written {
  readonly entries: readonly OutboxEntry[];
}

/** Runs `work` in a transaction: answers what an outbox has written in it, or rejects with what `work` threw, and nothing was written. */
export async function inTransaction<Result>(
  work: (tx: TestTransaction) => Promise<Result>,
  answer: AnswerQuery,
  secret: () => Promise<string>,
): Promise<Written & { readonly result: Result }> {
  const entries: OutboxEntry[] = [];
  const tx: TestTransaction = {
    async query(text, values = []) {
      const written = entriesIn(text, values);
      if (written !== undefined) entries.push(...written);
      const rows =
        written !== undefined ? [] : asksForSecret(text) ? [{ value: await secret() }] : await answer(text, values);
      return { rows: [...(rows ?? [])], rowCount: rows?.length ?? 0 };
    },
  };
  return { result: await work(tx), entries };
}
