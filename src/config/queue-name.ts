/** What BullMQ takes, but for what ends a name elsewhere: spaces, `/` (of QUEUE/ID), `,` (of lists), the braces of Redis Cluster. */
const QUEUE = /^[^\s\p{Cc}\p{Cs}:/,{}*]{1,100}$/u;

/** What is expected of the name of a queue, for messages. */
export const QUEUE_NAME_RULE = '1 to 100 characters without spaces and without : / , { } *';

/** Whether a contract can name this queue: BullMQ takes more names, such as those with spaces. */
export function isQueueName(name: unknown): name is string {
  return typeof name === 'string' && QUEUE.test(name);
}
