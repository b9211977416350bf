import { type Environment, readNamespace } from '../../config/index.ts';
import type { AlertSettings } from './send-alert.ts';

const SECRET = /^whsec_(?:[A-Za-z0-9+/]{4}){6,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const WEB = ['https:', 'http:'];

/** Where people are told of what is wrong: undefined without ALERT_WEBHOOK_URL. Every fault goes to the environment. */
export function readAlertSettings(environment: Environment): AlertSettings | undefined {
  const url = environment.url('ALERT_WEBHOOK_URL', { protocols: WEB, credentials: false });
  const dashboardUrl = environment.url('DASHBOARD_URL', { protocols: WEB, credentials: false });
  const secret = environment.string('ALERT_WEBHOOK_SECRET');
  if (secret !== undefined && !SECRET.test(secret)) {
    environment.problem(
      'Expected ALERT_WEBHOOK_SECRET to be "whsec_" and at least 18 bytes in base64, got something else.',
    );
  }
  if (url === undefined) return undefined;
  const parts = [environment.string('NODE_ENV') ?? 'development', readNamespace(environment)];
  return { url, secret, environment: parts.filter(part => part !== undefined).join('/'), dashboardUrl };
}
