import { createAnalyticsProducer, createEmailProducer, createNotificationProducer } from '../../../producers/index.ts';
import { connect } from '../../../src/index.ts';

/** A web app as far as it loads and builds things; nothing listens on that port. */
const client = connect({ redis: 'redis://127.0.0.1:1' });
createEmailProducer(client);
createAnalyticsProducer(client);
createNotificationProducer(client);
await client.close();
