import type { Pool } from 'pg';
import { Environment, type Variables } from '../../config/index.ts';
import type { Engine } from '../../engine/index.ts';
import { openJournal, type JournalStore } from '../../journal/index.ts';
import { openDatabase } from '../open-database.ts';

export interface JournalSource {
  /** Connects when it is first called. Rejects while the store is away, or has no tables. */
  open(): Promise<JournalStore>;
  close(): Promise<void>;
}

/** Where the journal of an installation is: in DATABASE_URL, else beside the queues. All who write and read it ask here. */
export function journalSource(engine: Engine, variables: Variables): JournalSource {
  const environment = new Environment(variables);
  const url = environment.url('DATABASE_URL', { protocols: ['postgres:', 'postgresql:'] })?.href;
  const namespace = environment.string('SHIFTWORK_NAMESPACE');
  let pool: Promise<Pool> | undefined;
  let opened: Promise<JournalStore> | undefined;
  const open = async (): Promise<JournalStore> => {
    // The queues' own pool, where they are in a database.
    if (url === undefined || engine.kind === 'postgres') return openJournal(engine);
    pool ??= openDatabase(url, 1);
    return openJournal(engine, { sql: await pool, namespace });
  };
  return {
    open() {
      opened ??= open().catch((error: unknown) => {
        opened = undefined;
        throw error;
      });
      return opened;
    },
    async close() {
      await (await pool?.catch(() => undefined))?.end();
    },
  };
}
