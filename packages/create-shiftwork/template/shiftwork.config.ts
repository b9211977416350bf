import { defineApp } from 'shiftwork';
import { sendWelcomeEmail } from './handlers.ts';
import { welcomeEmail } from './jobs.ts';

/** What this app consists of: workers, dashboard and command line read it. */
export default defineApp({ jobs: [welcomeEmail], handlers: [sendWelcomeEmail] });
