import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What is read of a frame: the names of its variables and their values are not. */
export interface Frame {
  readonly functionName: string;
  readonly location: {
    readonly scriptId: string;
    readonly lineNumber: number;
    readonly columnNumber?: number | undefined;
  };
}

const FRAMES = 12;

/** `name (file:line:column)`, the innermost first. */
export function stackOf(frames: readonly Frame[], urls: ReadonlyMap<string, string>): string[] {
  return frames.slice(0, FRAMES).map(({ functionName, location: { scriptId, lineNumber, columnNumber = 0 } }) => {
    const file = fileIn(urls.get(scriptId) ?? '');
    return `${nameIn(functionName)} (${file}:${lineNumber + 1}:${columnNumber + 1})`;
  });
}

/** A computed name may be made of somebody's data; an identifier is what a programmer wrote. */
function nameIn(name: string): string {
  return /^[\p{ID_Start}$_#][\p{ID_Continue}$.#]{0,99}$/u.test(name) ? name : '(anonymous)';
}

/** Below the working directory as a programmer writes it. What is no file has no address to show: its text could be the address. */
function fileIn(url: string): string {
  if (url.startsWith('node:')) return url;
  const path = url.startsWith('file:') ? fileURLToPath(url) : url;
  if (!path.startsWith('/') && !/^[A-Za-z]:\\/.test(path)) return '(no file)';
  const near = relative(process.cwd(), path);
  return near.startsWith('..') ? path : near;
}
