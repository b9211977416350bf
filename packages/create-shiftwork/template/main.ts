import { connect } from 'shiftwork';
import { startWorkers } from 'shiftwork/workers';
import { createWeb } from './server.ts';
import app from './shiftwork.config.ts';

/** `npm start`: web server and worker in one process, for development. The Procfile gives each its own. */
const { REDIS_URL: redis = 'redis://localhost:6379', SHIFTWORK_NAMESPACE: namespace } = process.env;
const shiftwork = connect({ redis, namespace });
const workers = await startWorkers({ app, redis, namespace });
const server = createWeb(shiftwork).listen(Number(process.env['PORT'] ?? 3000), () => {
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : address;
  console.log(`Sign up: curl -d '{"userId": "u1", "email": "ada@example.com"}' http://localhost:${port}/signup`);
  console.log('ready');
});

async function stop(): Promise<void> {
  server.close();
  server.closeIdleConnections();
  await workers.stop();
  await shiftwork.close();
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop());
