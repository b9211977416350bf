import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { startWorkers } from '../../src/boot/work/index.ts';
import { openEngine } from '../../src/engine/index.ts';
import { connect } from '../../src/queue/index.ts';
import { openBrowser } from '../support/browser.ts';
import { openTestDashboard } from '../support/dashboard.ts';
import { startRedis } from '../support/redis-server.ts';
import { startScriptedSmtp } from '../support/smtp-script.ts';
import { waitFor } from '../support/wait-for.ts';
import app, { catalogue, confirmation, invoice, push, visit, welcome } from './pictures.config.ts';
import { writeYesterday } from './yesterday.ts';

/**
 * `npm run screenshot`: every page of the dashboard in both widths and both schemes, into docs/images/pages. It starts a system of its own on free ports, lets
 * a mail server fail and jobs die in it, and ends it: what else runs on the machine is neither shown nor touched.
 */
const FOLDER = fileURLToPath(new URL('../../docs/images/pages', import.meta.url));
const SCREENS = [
  [1_400, 900],
  [390, 844],
] as const;
const SCHEMES = ['light', 'dark'] as const;
/** All pictures together, so that a checkout stays small. */
const MOST_BYTES = 2_400_000;
const QUALITY = 55;

const redis = await startRedis();
const place = { url: redis.url, namespace: 'shop', cleanup: async () => undefined };
const smtp = await startScriptedSmtp({
  onData: (stream, _session, done) => {
    stream.resume();
    stream.on('end', () => done(Object.assign(new Error('try later'), { responseCode: 451 })));
  },
});
const dashboard = await openTestDashboard({ fixture: place, app, users: false });
const browser = await openBrowser();
const engine = openEngine({ ...place, role: 'producer' });
try {
  await engine.clock.known();
  await writeYesterday(engine);
  const id = await makeWork();
  await takePictures(id);
} finally {
  await browser.close();
  await dashboard.close();
  await engine.close(1_000);
  await smtp.stop();
  await redis.stop();
}
// Workers of other programs that the tests' helpers started may hold the loop.
process.exit();

/** Jobs of each kind and state; answers the id of one that waits for the mail server. */
async function makeWork(): Promise<string> {
  const variables = { RELEASE: '4f2c', SMTP_URL: `${smtp.url.href}?tls=never`, MAIL_FROM: 'Shop <shop@example.com>' };
  await startWorkers({ app, redis: place.url, namespace: place.namespace, variables });
  const client = connect({ redis: place.url, namespace: place.namespace, app });
  const orders = Array.from({ length: 60 }, (_, n) => ({ user: `u-${n % 9}`, order: `o-${1_000 + n}` }));
  const mails = await client.enqueueMany(orders.map(order => confirmation(order)));
  await client.enqueueMany(orders.map(order => invoice(order)));
  await client.enqueueMany(orders.map((_, n) => visit({ page: `/products/${n}` })));
  await client.enqueueMany(orders.map(({ user }) => push({ user })));
  const later = await client.enqueueMany(orders.slice(0, 8).map(({ user }) => welcome({ user }, { delay: '2h' })));
  await client.enqueueMany(['berlin', 'lyon'].map(shop => catalogue({ shop })));
  await client.pause({ contract: push }, { reason: 'the provider asked us to', by: 'ada' });
  await waitFor('jobs to die', async () =>
    (await dashboard.queue('documents')).getFailedCount().then(count => count >= 12),
  );
  await waitFor('the mail server to be found sick', async () => {
    const page = await dashboard.send('/', { headers: { accept: 'text/html' } });
    return (await page.text()).includes('>sick<');
  });
  for (const { id } of later.slice(0, 3)) {
    const body = JSON.stringify({ ids: [id], reason: 'the customer left', dryRun: false });
    const headers = { origin: dashboard.url, 'content-type': 'application/json' };
    await dashboard.send('/running/cancel', { method: 'POST', headers, body });
  }
  await waitFor('it to be on record', async () =>
    (await (await dashboard.send('/audit')).text()).includes('the customer left'),
  );
  return mails[0]?.id ?? '';
}

async function takePictures(job: string): Promise<void> {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  const page = await browser.page();
  await page.goto(`${dashboard.url}/dead-letters`);
  const cause = await page.locator('tbody a[href*="cause="]').first().getAttribute('href');
  const pages: Readonly<Record<string, string>> = {
    overview: '/',
    jobs: '/jobs?queue=email',
    job: `/jobs/${encodeURIComponent(job)}`,
    'dead-letters': '/dead-letters',
    cause: cause ?? '/dead-letters',
    schedules: '/schedules',
    workers: '/workers',
    running: '/running',
    queues: '/queues/',
    queue: '/queues/queue/documents?status=failed',
    scaling: '/scaling',
    history: '/history?range=24h',
    audit: '/audit',
  };
  for (const [name, path] of Object.entries(pages)) {
    for (const [width, height] of SCREENS) {
      for (const colorScheme of SCHEMES) {
        // Its table is what it is for.
        await page.setViewportSize({ width, height: name === 'overview' ? height + 500 : height });
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.goto(`${dashboard.url}${path}`);
        if (path.startsWith('/queues')) await page.locator('#root main').getByRole('link').first().waitFor();
        await page.evaluate('document.fonts.ready.then(() => undefined)');
        writeFileSync(`${FOLDER}/${name}-${width}-${colorScheme}.webp`, await pictureOf(page));
      }
    }
  }
  const bytes = readdirSync(FOLDER).reduce((sum, file) => sum + statSync(`${FOLDER}/${file}`).size, 0);
  process.stdout.write(`${readdirSync(FOLDER).length} pictures, ${(bytes / 1_000_000).toFixed(1)} MB\n`);
  if (bytes > MOST_BYTES) throw new Error(`Expected the pictures to take at most ${MOST_BYTES} bytes, got ${bytes}.`);
}

/** Playwright makes no WebP, which takes half of what others do. */
async function pictureOf(page: Page): Promise<Buffer> {
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: QUALITY });
  await session.detach();
  return Buffer.from(data, 'base64');
}
