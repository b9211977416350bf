import { defineResource } from '../../src/contracts/index.ts';

/** Where links in mails lead: APP_URL, an address of the app itself and of nobody else, with a path where the app lives below one. */
export const appAddress = defineResource<URL | undefined, { link(path: string): string }>({
  name: 'app address',
  configure: environment =>
    environment.url('APP_URL', { protocols: ['http:', 'https:'], parameters: {}, credentials: false }),
  open(url = new URL('http://localhost:3000')) {
    const root = url.href.replace(/\/$/, '');
    return { link: path => `${root}${path}` };
  },
});
