/** What the command line does is on record, where the dashboard's actions are. */
export { onRecord, type Came, type CommandAction } from './on-record.ts';
