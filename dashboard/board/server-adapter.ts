import { ExpressAdapter } from '@bull-board/express';
import type { AppViewRoute } from '@bull-board/api/typings/app';
import { boardWords, BOARD_LANGUAGE } from './board-words.ts';

/** Bull Board's page asks another host for its fonts: such tags are left out, and the system's fonts serve. */
const FOREIGN_ASSET = /<(?:link|script)\b[^>]*\b(?:href|src)="(?:https?:)?\/\/[^>]*>(?:<\/script>)?/gi;

/** What of ours Bull Board's page gets: markup for its head, and what stands above it. */
export interface BoardFrame {
  readonly head: string;
  readonly bar: string;
}

export class BoardServerAdapter extends ExpressAdapter {
  readonly #frame: () => BoardFrame;

  /** `frame` is called with each page, in the request of whoever asks for it. */
  constructor(frame: () => BoardFrame) {
    super();
    this.#frame = frame;
  }

  /** Before the files of Bull Board, among them its words. */
  override setStaticPath(route: string, path: string): ExpressAdapter {
    const words = boardWords(path);
    this.app.get(`${route}/locales/${BOARD_LANGUAGE}/messages.json`, (_request, response) => void response.json(words));
    return super.setStaticPath(route, path);
  }

  override setEntryRoute(route: AppViewRoute): ExpressAdapter {
    this.app.get(route.route, (_request, response, next) => {
      const { name, params } = route.handler({ basePath: this.basePath, uiConfig: this.uiConfig });
      response.render(name, params, (error: Error | null, page?: string) => {
        if (error) return next(error);
        const { head, bar } = this.#frame();
        const own = (page ?? '').replace(FOREIGN_ASSET, '');
        // Functions: what stands for a part of the match in a replacement is part of nobody's name.
        return response.send(
          own.replace('</head>', tag => `${head}${tag}`).replace(/<body[^>]*>/, tag => `${tag}${bar}`),
        );
      });
    });
    return this;
  }
}
