/** The bus of an app, on the transport that the environment names. */
export { openBus, type BusAddress } from './open-bus.ts';
