import { Router } from 'express';
import { ACT_SCRIPT } from './act-script.ts';
import { BOARD_STYLE } from './bar-style.ts';
import { JOB_SCRIPT } from '../jobs/job-script.ts';
import { KEYS_SCRIPT } from './keys-script.ts';
import { BOARD_SCRIPT } from './board-script.ts';
import { REFRESH_SCRIPT } from './refresh-script.ts';
import { ICON, STYLESHEET } from './stylesheet.ts';

/** What the sign-in page needs before anybody has signed in: style, icon and script, the same for everybody. */
export function assets(): Router {
  const router = Router();
  const file = (path: string, type: string, text: string): void => {
    router.get(path, (_request, response) => {
      response.setHeader('Cache-Control', 'public, max-age=300');
      response.type(type).send(text);
    });
  };
  /** Two of them stand on one page: what one calls by a name of its own must not be another's. */
  const script = (path: string, text: string): void => file(path, 'js', `(() => {${text}})();\n`);
  file('/dashboard.css', 'css', STYLESHEET);
  file('/board.css', 'css', BOARD_STYLE);
  script('/board.js', BOARD_SCRIPT);
  file('/icon.svg', 'svg', ICON);
  script('/act.js', ACT_SCRIPT);
  script('/job.js', JOB_SCRIPT);
  script('/keys.js', KEYS_SCRIPT);
  script('/refresh.js', REFRESH_SCRIPT);
  return router;
}
