import { Router, type Request } from 'express';
import type { Viewer } from '../sign-in/sessions.ts';
import { answer } from '../http/answers.ts';
import { SharedLooks } from '../live/shared-looks.ts';
import { projectionsPage, REFRESH_SECONDS, type ProjectionsView } from './projections-page.ts';

const SHOWN_AT_MOST = 100;

/** `/projections`, read from the event store's own database. */
export function projectionsRoute(
  base: string,
  view: ProjectionsView | undefined,
  viewerOf: (request: Request) => Viewer,
): Router {
  const looks = new SharedLooks<Awaited<ReturnType<typeof readAll>>>({ everySeconds: REFRESH_SECONDS });
  return Router().get('/projections', async (request, response) => {
    if (view === undefined) {
      const message = 'The app of this dashboard has no event store.';
      return answer(request, response, { status: 404, title: 'Not found', message });
    }
    const read = await looks.read(request, '', () => readAll(view)).catch(() => undefined);
    if (read === undefined) {
      response.setHeader('Retry-After', '5');
      const message = 'Its projections appear here when it can be reached and shiftwork migrate has run.';
      return answer(request, response, { status: 503, title: 'The event store is away', message });
    }
    response.type('html').send(projectionsPage({ base, viewer: viewerOf(request), ...read }));
  });
}

async function readAll(view: ProjectionsView) {
  const status = await view.status();
  const letters = await Promise.all(
    status.filter(({ parked }) => parked > 0).map(({ name }) => view.parked(name, SHOWN_AT_MOST)),
  );
  return { status, parked: letters.flat().slice(0, SHOWN_AT_MOST) };
}
