export { createLogger, type LoggerOptions } from './logs/create-logger.ts';
export { describeError, type DescribedError } from './logs/describe-error.ts';
export { logFacts, type LogFactsOptions } from './logs/log-facts.ts';
