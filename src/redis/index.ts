export { connectionOptions } from './connection-options.ts';
export { ownKey } from './own-key.ts';
export { slotOf } from './key-slot.ts';
export { SentinelError, sentinelError } from './sentinel-error.ts';
export { SentinelWatch } from './sentinel-watch.ts';
