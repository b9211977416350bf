/** Host and port of a PostgreSQL's URL, for messages: never a user, a password or any other parameter. */
export function targetOf(url: URL, defaultPort: number): string {
  // In the URL of a PostgreSQL the parameters win; a socket's folder may also stand, percent-encoded, where the host does.
  const host = url.searchParams.get('host') || decodeURIComponent(url.hostname) || 'localhost';
  return `${host}:${url.searchParams.get('port') || url.port || defaultPort}`;
}
