import { defineApp } from '../../src/contracts/index.ts';
import { defineEventStore } from '../../src/event-store/index.ts';
import { bankProjections } from './bank.ts';
import { bankEvents, bankPersonalData } from './events.ts';

/** For the command line: `shiftwork projections rebuild accounts --app examples/bank/bank.config.ts`. */
export default defineApp({
  jobs: [],
  handlers: [],
  plugins: [
    defineEventStore({
      events: bankEvents,
      personalData: bankPersonalData,
      projections: bankProjections,
    }),
  ],
});
