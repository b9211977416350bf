/** The journal of an installation, for whoever writes or reads it: in DATABASE_URL, else beside the queues. */
export { journalSource, type JournalSource } from './journal-source.ts';
export { keepJournal, type KeptJournal } from './keep-journal.ts';
export { watchWork } from './watch-work.ts';
