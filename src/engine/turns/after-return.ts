/**
 * What is tidied up behind a look for stalled jobs. Where that fails, whoever looks is told of the jobs that went back all the same: nobody would ever
 * hear of them again, and the next look tidies up anew.
 */
export async function afterReturn(returned: readonly unknown[], tidied: Promise<void>): Promise<void> {
  try {
    await tidied;
  } catch (error) {
    if (returned.length === 0) throw error;
  }
}
