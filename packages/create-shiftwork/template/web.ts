import { connect } from 'shiftwork';
import { createWeb } from './server.ts';

/** The web process of the Procfile. */
const { REDIS_URL: redis, SHIFTWORK_NAMESPACE: namespace } = process.env;
const shiftwork = connect({ redis, namespace });
const server = createWeb(shiftwork).listen(Number(process.env['PORT'] ?? 3000));
process.once('SIGTERM', () => {
  server.close(() => void shiftwork.close());
});
