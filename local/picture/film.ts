/** One picture of a film, and what it shows. */
export interface Frame {
  readonly jpeg: Buffer;
  readonly caption: string;
}

const SECONDS_A_FRAME = 3;
const CAPTION_HEIGHT = 44;

/**
 * A film as one SVG file: pictures that take turns by CSS. It moves wherever a page shows it as an image, needs no script and no
 * encoder; who has asked for less motion sees the first picture.
 */
export function filmOf(
  frames: readonly Frame[],
  { width, height }: { readonly width: number; readonly height: number },
): string {
  const seconds = frames.length * SECONDS_A_FRAME;
  const share = 100 / frames.length;
  const shown = frames.map(({ jpeg, caption }, index) =>
    [
      `<g class="frame" style="animation-delay:${index * SECONDS_A_FRAME - seconds}s">`,
      `<image width="${width}" height="${height}" href="data:image/jpeg;base64,${jpeg.toString('base64')}"/>`,
      `<rect y="${height}" width="${width}" height="${CAPTION_HEIGHT}" fill="#17202a"/>`,
      `<text x="20" y="${height + 28}" font-family="system-ui, sans-serif" font-size="18" fill="#fff">${escaped(caption)}</text>`,
      '</g>',
    ].join(''),
  );
  const style = [
    `.frame{opacity:0;animation:turn ${seconds}s step-end infinite}`,
    `@keyframes turn{0%{opacity:1}${share.toFixed(3)}%{opacity:0}}`,
    '@media(prefers-reduced-motion:reduce){.frame{animation:none}.frame:first-of-type{opacity:1}}',
  ].join('');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height + CAPTION_HEIGHT}" role="img">`,
    `<title>${escaped(frames.map(({ caption }) => caption).join(' '))}</title>`,
    `<style>${style}</style>`,
    ...shown,
    '</svg>\n',
  ].join('\n');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
