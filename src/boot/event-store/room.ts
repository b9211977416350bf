import { Environment } from '../../config/index.ts';
import type { App } from '../../contracts/index.ts';
import type { Room } from '../room.ts';

const hasStore = (app: App): boolean => app.plugins.some(({ kind }) => kind === 'event-store');

export const eventStoreRoom: Room = {
  name: 'event store',
  commands: {
    projections: {
      summary: 'the read models of the event store: how far they are; run, rebuild, resume, retry',
      load: async () => (await import('./projections.ts')).projections,
    },
  },
  tables: {
    schema: async namespace => (await import('../../event-store/index.ts')).eventStoreSchema(namespace),
    needed: hasStore,
    prepare: async ({ app, pool, namespace }) => {
      const { EventStore, eventStoreOf, Projections } = await import('../../event-store/index.ts');
      const definition = eventStoreOf(app);
      if (definition === undefined) return [];
      const store = new EventStore({ ...definition, pool, namespace });
      const stale = await new Projections({ store, projections: definition.projections }).prepare();
      return [
        'projections: tables are up to date',
        ...stale.map(name => `projections: "${name}" has another shape; run shiftwork projections rebuild ${name}`),
      ];
    },
  },
  async eraseSubject(app, variables, subject) {
    if (!hasStore(app) || !new Environment(variables).has('DATABASE_URL')) return undefined;
    const { openProjections } = await import('./open-projections.ts');
    const opened = await openProjections(app, variables);
    try {
      return await opened.eraseSubject(subject);
    } finally {
      await opened.close();
    }
  },
  async letters(app, variables) {
    if (!hasStore(app) || !new Environment(variables).has('DATABASE_URL')) return undefined;
    const { openProjections } = await import('./open-projections.ts');
    const { lettersOfProjections } = await import('./letters-of-projections.ts');
    const opened = await openProjections(app, variables);
    return { source: lettersOfProjections(opened.projections), close: () => opened.close() };
  },
};
