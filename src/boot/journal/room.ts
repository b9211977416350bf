import type { Room } from '../room.ts';

export const journalRoom: Room = {
  name: 'journal',
  commands: {},
  tables: {
    schema: async namespace => (await import('../../journal/index.ts')).journalSchema(namespace),
    // Whoever works with a DATABASE_URL keeps the journal there.
    needed: () => true,
  },
};
