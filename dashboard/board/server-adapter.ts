import { ExpressAdapter } from '@bull-board/express';
import type { AppViewRoute } from '@bull-board/api/typings/app';

/** Bull Board's page asks another host for its fonts: such tags are left out, and the system's fonts serve. */
const FOREIGN_ASSET = /<(?:link|script)\b[^>]*\b(?:href|src)="(?:https?:)?\/\/[^>]*>(?:<\/script>)?/gi;

export class BoardServerAdapter extends ExpressAdapter {
  override setEntryRoute(route: AppViewRoute): ExpressAdapter {
    this.app.get(route.route, (_request, response, next) => {
      const { name, params } = route.handler({ basePath: this.basePath, uiConfig: this.uiConfig });
      response.render(name, params, (error: Error | null, page?: string) => {
        if (error) next(error);
        else response.send((page ?? '').replace(FOREIGN_ASSET, ''));
      });
    });
    return this;
  }
}
