export { startPostgres, type PostgresServer } from './server.ts';
