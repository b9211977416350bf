const PATIENCE_MS = 5_000;

/** Posts an alert as JSON to an address that the operator has configured. Rejects when it is not answered with 2xx within 5 s. */
export async function notifyWebhook(url: URL, alert: object): Promise<void> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(alert),
    redirect: 'error',
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  await answer.body?.cancel();
  // The address may carry a secret.
  if (!answer.ok) throw new Error(`The alert's webhook answered ${answer.status}.`);
}
