import { connect } from '../../../src/queue/index.ts';

/** A process that waits for the result of a job: it is there to be killed. */
const { URL: url, KIND: kind = 'redis', SHIFTWORK_NAMESPACE: namespace = '', JOB: id = '' } = process.env;
const client = connect({ [kind]: url, namespace });
const waiting = client.result(id, { timeout: '5m' });
console.log('waits');
console.log(JSON.stringify(await waiting));
await client.close();
