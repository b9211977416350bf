import type { StreamEvent } from '../../src/http/index.ts';

/** Where a page changes by itself: a cell, a line, a picture. */
const CUTS = /(?=<(?:h2|p|ul|li|svg|details|tr|th|td)[ >])/;
/** Of what has changed so much all is sent anew: each piece has its own frame. */
const WHOLE_FROM = 0.5;

/** What a page is made of, so that what has not changed need not be sent again. */
export function piecesOf(markup: string): readonly string[] {
  return markup.split(CUTS);
}

/**
 * What leads from the pieces that a page has been sent to others: `whole` with all of them, or a `piece` with its place for each that has changed, and
 * `look` behind them. Each under a key of its own, so that a page that reads slowly is sent the newest of each, and comes to the same.
 */
export function newsOf(
  shown: readonly string[] | undefined,
  pieces: readonly string[],
): readonly (readonly [key: string, event: StreamEvent])[] {
  const look = ['look', { name: 'look', data: {} }] as const;
  const changed = pieces.flatMap((html, at) => (shown?.[at] === html ? [] : [{ at, html }]));
  if (shown?.length !== pieces.length || changed.length > WHOLE_FROM * pieces.length)
    return [['whole', { name: 'whole', data: pieces }], look];
  return [...changed.map(data => [`piece ${data.at}`, { name: 'piece', data }] as const), look];
}
