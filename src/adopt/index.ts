/** Moving in: looks at running BullMQ queues, only looks, and writes down what they consist of as contracts and a report. */
export { adopt } from './adopt-command.ts';
