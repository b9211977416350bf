/** AMQP's reply codes, as far as they are told apart here: https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf, 1.2. */
export const ACCESS_REFUSED = 403;
export const RESOURCE_LOCKED = 405;
export const PRECONDITION_FAILED = 406;

/** The code of an answer that says no. amqplib has it as a number, but for a handshake that was refused: there it stands in the text. */
export function replyCodeOf(cause: unknown): number | undefined {
  if (!(cause instanceof Error)) return undefined;
  if ('code' in cause && typeof cause.code === 'number') return cause.code;
  const refused = /^Handshake terminated by server: (\d{3}) /.exec(cause.message)?.[1];
  return refused === undefined ? undefined : Number(refused);
}
