const PREFIX = 'account-';

export function streamOf(accountId: string): string {
  return PREFIX + accountId;
}

export function accountIdOf(stream: string): string {
  return stream.slice(PREFIX.length);
}
