/** The bus of an app, on the transport that the environment names. */
export { openBus, type BusPlace } from './open-bus.ts';
