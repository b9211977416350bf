import { MailDev } from 'maildev';

/** The mailbox, in a process of its own: `node mailbox-process.ts SMTP_PORT WEB_PORT [FOLDER]`. */
const [smtp = '', web = '', mailDirectory] = process.argv.slice(2);
const mailbox = new MailDev({
  smtp: Number(smtp),
  web: Number(web),
  // Nothing is relayed anywhere, and nobody but this machine may read it.
  ip: '127.0.0.1',
  webIp: '127.0.0.1',
  silent: true,
  ...(mailDirectory !== undefined && { mailDirectory }),
});
const servers = await mailbox.start();

// Version 3 moved its API below /api; `GET /email` stays the address to ask. Pages that a browser opens are left alone.
servers.api?.server.server.prependListener('request', request => {
  const asksForPage = request.headers.accept?.includes('text/html') === true;
  if (!asksForPage && request.url !== undefined && /^\/email(?:[/?]|$)/.test(request.url))
    request.url = `/api${request.url}`;
});

// The one who started it decides; a terminal's Ctrl-C reaches the whole group.
process.on('SIGINT', () => undefined);
process.once('SIGTERM', () => void end());
process.once('disconnect', () => void end());
process.send?.({ type: 'ready' });

async function end(): Promise<void> {
  setTimeout(() => process.exit(0), 500).unref();
  await mailbox.stop();
  process.exit(0);
}
