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

/** A table in a card that scrolls by itself where it is wider than the screen. */
export function table({ label, columns, rows, texts = false }: TableOptions): Html {
  return html`<div class="card scroll" tabindex="0" role="region" aria-label="${label}">
    <table class="${texts ? 'texts' : ''}">
      <thead>
        <tr>
          ${columns.map(column => html`<th scope="col">${column}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}
