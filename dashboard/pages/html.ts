/** Markup that is safe to put into a page. Only `html` makes it. */
export interface Html {
  readonly markup: string;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export type HtmlValue = Html | string | number | undefined | readonly (Html | string | number)[];

/** A template whose values are escaped, unless they were made by `html` themselves. Values stand in text or quoted attributes. */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let markup = strings[0] ?? '';
  for (const [index, value] of values.entries()) markup += textOf(value) + (strings[index + 1] ?? '');
  return { markup };
}

/** What is folded up behind a line. It stays as it is where the page renews itself. */
export function folded(line: string, what: Html): Html {
  return html`<details>
    <summary>${line}</summary>
    ${what}
  </details>`;
}

function textOf(value: HtmlValue): string {
  if (value === undefined) return '';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return value.replace(/[&<>"']/g, character => ENTITIES[character] ?? '');
  if ('markup' in value) return value.markup;
  return value.map(textOf).join('');
}
