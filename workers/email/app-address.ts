import { defineResource } from '../../src/contracts/index.ts';

/** Where links in mails lead: APP_URL, an address of the app itself and of nobody else. */
export const appAddress = defineResource<URL | undefined, { link(path: string): string }>({
  name: 'app address',
  configure: environment => environment.url('APP_URL', { protocols: ['http:', 'https:'] }),
  open: (url = new URL('http://localhost:3000')) => ({ link: path => new URL(path, url).href }),
});
