import { html, type Html } from './html.ts';

export interface TableOptions {
  /** What stands in it, for those who do not see it. */
  readonly label: string;
  /** The heads of its columns; with what they count, for whoever points at them. */
  readonly columns: readonly (string | Html | Column)[];
  /** A `<tr>` each, whose first cell is a `<th scope="row">`. */
  readonly rows: readonly Html[];
  /** Its cells hold sentences and ids, which wrap, in place of figures, which stand to the right. */
  readonly texts?: boolean;
  /** It has more columns than others: they stand closer. */
  readonly dense?: boolean;
  /** It has many rows of few words: the page shows more of them. */
  readonly close?: boolean;
  /** What stands under each row over the full width. */
  readonly below?: readonly (Html | undefined)[];
}

export interface Column {
  readonly head: string;
  readonly counts: string;
}

/** A table in a card that scrolls by itself where it is wider than the screen. On a phone each row is a card, and says its heads itself. */
export function table({
  label,
  columns,
  rows,
  texts = false,
  dense = false,
  close = false,
  below = [],
}: TableOptions): Html {
  const kind = [texts && 'texts', dense && 'dense', close && 'close'].filter(Boolean).join(' ');
  return html`<div class="card scroll" tabindex="0" role="region" aria-label="${label}">
    <table class="${kind}" role="table">
      <thead role="rowgroup">
        <tr role="row">
          ${columns.map(column => html`<th scope="col" role="columnheader">${headOf(column)}</th>`)}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${rows.flatMap((row, index) => [labelled(row, columns), ...under(below[index], columns.length)])}
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
    const label = html`${typeof head === 'string' ? head : 'head' in head ? head.head : ''}`.markup;
    return `${tag} role="${kind === 'h' ? 'rowheader' : 'cell'}" data-label="${label}"`;
  });
  return { markup: cells.replace(/<tr(?=[\s>])/, '<tr role="row"') };
}

function headOf(column: TableOptions['columns'][number]): Html | string {
  if (typeof column === 'string' || 'markup' in column) return column;
  return html`<abbr title="${column.counts}">${column.head}</abbr>`;
}

function under(what: Html | undefined, columns: number): readonly Html[] {
  if (what === undefined) return [];
  return [
    html`<tr role="row" class="below">
      <td role="cell" colspan="${columns}">${what}</td>
    </tr>`,
  ];
}
