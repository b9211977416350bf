import type { MailContent } from '../mailer.ts';
import type { Order } from '../order-store.ts';
import { html } from './html.ts';
import { layout } from './layout.ts';

export function orderConfirmationMail(order: Order): MailContent {
  const money = moneyIn(order.currency);
  const rows = order.items.map(
    item =>
      html`<tr>
        <td style="padding:4px 0">${item.quantity} &times; ${item.productId}</td>
        <td style="padding:4px 0;text-align:right">${money(item.quantity * item.price)}</td>
      </tr>`,
  );
  const lines = order.items.map(item => `${item.quantity} x ${item.productId}  ${money(item.quantity * item.price)}`);
  return {
    subject: `Your order ${order.id}`,
    html: layout(
      'Thank you for your order',
      html`<p>Order ${order.id}</p>
        <table style="width:100%;border-collapse:collapse">
          ${rows}
          <tr>
            <td style="padding:12px 0;font-weight:600">Total</td>
            <td style="padding:12px 0;font-weight:600;text-align:right">${money(order.total)}</td>
          </tr>
        </table>`,
    ),
    text: `Thank you for your order\n\nOrder ${order.id}\n\n${lines.join('\n')}\n\nTotal ${money(order.total)}\n`,
  };
}

/** From integer minor units: what a minor unit is, the currency says (JPY has none). */
function moneyIn(currency: string): (minorUnits: number) => string {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return minorUnits => format.format(minorUnits / 10 ** digits);
}
