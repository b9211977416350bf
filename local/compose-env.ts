import { randomBytes } from 'node:crypto';
import webPush from 'web-push';
import { hashPassword } from '../src/config/index.ts';

/** `npm run -s compose-env > .env`: secrets of one's own for docker-compose.yml, which has none. */
const ADMIN = 'admin';

async function main(): Promise<void> {
  const keys = webPush.generateVAPIDKeys();
  const password = randomBytes(12).toString('base64url');
  const variables = {
    // Stands in a URL: nothing that would need escaping there.
    POSTGRES_PASSWORD: randomBytes(18).toString('hex'),
    SHIFTWORK_SECRET: randomBytes(32).toString('base64url'),
    WEBHOOK_SECRET: `whsec_${randomBytes(24).toString('base64')}`,
    VAPID_PUBLIC_KEY: keys.publicKey,
    VAPID_PRIVATE_KEY: keys.privateKey,
    DASHBOARD_USERS: `${ADMIN}:admin:${await hashPassword(password)}`,
  };
  for (const [name, value] of Object.entries(variables)) process.stdout.write(`${name}=${value}\n`);
  // Not into the file: there stands its hash alone.
  process.stderr.write(`The dashboard's user is ${ADMIN}, the password ${password} (shown this once).\n`);
}

await main();
