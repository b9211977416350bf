/** Host and port of an engine's URL, for messages: never a user, a password or a query. */
export function targetOf(url: URL, defaultPort: number): string {
  const host = url.hostname || url.searchParams.get('host') || 'localhost';
  return `${host}:${url.port || defaultPort}`;
}
