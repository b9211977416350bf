import { expect, test } from 'vitest';
import { html } from './html.ts';

test('values are escaped, in text and in attributes, and what html made is not escaped twice', () => {
  const name = `<img src=x onerror="alert('x')"> & co`;
  const item = html`<li title="${name}">${name}</li>`;
  const page = html`<ul>
    ${[item, 'a < b', 3]}${undefined}
  </ul>`.markup.replace(/\n\s*/g, '');
  const escaped = '&lt;img src=x onerror=&quot;alert(&#39;x&#39;)&quot;&gt; &amp; co';
  expect(page).toBe(`<ul><li title="${escaped}">${escaped}</li>a &lt; b3</ul>`);
});
