/** The bus of an app, on the transport that the environment names. */
export { openBus } from './open-bus.ts';
