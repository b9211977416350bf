import { html, type Html } from './html.ts';

export interface TableOptions {
  /** What stands in it, for those who do not see it. */
  readonly label: string;
  /** The heads of its columns. */
  readonly columns: readonly (string | Html)[];
  /** A `<tr>` each, whose first cell is a `<th scope="row">`. */
  readonly rows: readonly Html[];
  /** Its cells hold sentences and ids, which wrap, in place of figures, which stand to the right. */
  readonly texts?: boolean;
}

/** A table in a card that scrolls by itself where it is wider than the screen. On a phone each row is a card, and says its heads itself. */
export function table({ label, columns, rows, texts = false }: TableOptions): Html {
  return html`<div class="card scroll" tabindex="0" role="region" aria-label="${label}">
    <table class="${texts ? 'texts' : ''}" role="table">
      <thead role="rowgroup">
        <tr role="row">
          ${columns.map(column => html`<th scope="col" role="columnheader">${column}</th>`)}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${rows.map(row => labelled(row, columns))}
      </tbody>
    </table>
  </div>`;
}

/**
 * Each cell gets the head of its column. Where a row is drawn as a card it is no table to a browser any more, so the parts say what they are.
 * Markup alone has a `<`: whatever stands in a cell was escaped.
 */
function labelled({ markup }: Html, columns: TableOptions['columns']): Html {
  let column = -1;
  const cells = markup.replaceAll(/<t([dh])(?=[\s>])/g, (tag, kind: string) => {
    column += 1;
    const head = columns[column] ?? '';
    const label = html`${typeof head === 'string' ? head : ''}`.markup;
    return `${tag} role="${kind === 'h' ? 'rowheader' : 'cell'}" data-label="${label}"`;
  });
  return { markup: cells.replace(/<tr(?=[\s>])/, '<tr role="row"') };
}
