import { expect, test } from 'vitest';
import { linkedFiles, packedPage } from './packed-page.ts';

const packed = new Set(['docs/errors.md', 'docs/guides/keys.md', 'docs/decisions/0019-ids.md']);
const page = (text: string): string => packedPage(text, 'docs/guides/keys.md', packed);

test('links to pages of the package stay, with their headings, and so do addresses of the web', () => {
  for (const text of [
    '[errors](../errors.md)',
    '[ids](../decisions/0019-ids.md#the-secret)',
    '[above](#first)',
    '[BullMQ](https://docs.bullmq.io)',
  ]) {
    expect(page(text)).toBe(text);
  }
});

test('what only the repository has is named by its path there', () => {
  expect(page('See [the `bank`](../../examples/bank), [here](keys.md).')).toBe(
    'See the `bank` (`examples/bank` in the repository), [here](keys.md).',
  );
  expect(linkedFiles(page('[a [b] c](../x.ts#L3), [errors](../errors.md)'), 'docs/guides/keys.md')).toEqual([
    'docs/errors.md',
  ]);
});
