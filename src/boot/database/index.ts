/** The app's PostgreSQL. Loads pg: reached by import() alone. */
export { openDatabase } from './open-database.ts';
