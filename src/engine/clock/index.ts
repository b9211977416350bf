/** The engine's time: what every decision about age, delay, lease and schedule is made by, and who is to blame where clocks differ. */
export { ClockWatch, DIFFERS_MS, watchClock } from './clock-watch.ts';
export { EngineClock, type ClockLook } from './engine-clock.ts';
