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
  file('/dashboard.css', 'css', STYLESHEET);
  file('/board.css', 'css', BOARD_STYLE);
  file('/board.js', 'js', BOARD_SCRIPT);
  file('/icon.svg', 'svg', ICON);
  file('/act.js', 'js', ACT_SCRIPT);
  file('/job.js', 'js', JOB_SCRIPT);
  file('/keys.js', 'js', KEYS_SCRIPT);
  file('/refresh.js', 'js', REFRESH_SCRIPT);
  return router;
}
