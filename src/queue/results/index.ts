/** Waiting for what jobs come to: one subscription a process, and one look for all who wait. */
export { EndNews } from './end-news.ts';
export { EndWaits } from './end-waits.ts';
export { Looks } from './looks.ts';
export { checkResultOptions, type ResultOptions } from './check-result-options.ts';
export { resultFrom } from './result-from.ts';
export * from './result-cancelled-error.ts';
export * from './result-dead-error.ts';
export * from './result-expired-error.ts';
export * from './result-timeout-error.ts';
export * from './result-unknown-error.ts';
export * from './result-unreadable-error.ts';
export { decryptedEnd } from './decrypted-end.ts';
