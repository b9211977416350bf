import type { Room } from '../room.ts';

export const httpRoom: Room = {
  name: 'http',
  commands: {
    api: {
      summary: 'the HTTP door for other programs, until SIGTERM or SIGINT',
      load: async () => (await import('./api.ts')).api,
    },
    tokens: {
      summary: 'who may come through the HTTP door: create, list, revoke',
      load: async () => (await import('./tokens.ts')).tokens,
    },
  },
};
