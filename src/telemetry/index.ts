export { createLogger, LOG_LEVELS, type LoggerOptions } from './logs/create-logger.ts';
export { logFacts, type LogFactsOptions } from './logs/log-facts.ts';
