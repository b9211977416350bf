import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { SMTPServerOptions } from 'smtp-server';
import { program } from '../../support/programs.ts';
import { startRawServer } from '../../support/raw-server.ts';
import { startScriptedSmtp } from '../../support/smtp-script.ts';
import { waitFor } from '../../support/wait-for.ts';
import { call, mail } from '../app/providers.config.ts';
import type { FaultCase } from '../case.ts';
import type { Fleet, Trial } from '../trial.ts';

const APP = program('tests/faults/app/providers.config.ts');
/** Nobody there: each case names its own. */
const NOBODY = { SMTP_URL: 'smtp://127.0.0.1:9', CHAOS_HTTP: 'http://127.0.0.1:9/', MAIL_FROM: 'chaos@example.com' };
const JOBS = 30;
/** How long the provider is sick: several pauses of the circuit, more in the long form. */
const sickness = ({ scale }: Trial) => pause(scale === 1 ? 2_500 : 5_000);
/** Processes, their concurrency, and a probe now and then: attempts that may be spent before and while a circuit is open. */
const MOST_BURNED = 25;

/** What must hold when a provider was sick for a while: everything delivered, nothing dead, few attempts spent, the circuit told of. */
async function outcome(trial: Trial, fleet: Fleet, ids: readonly string[], opens: boolean): Promise<string[]> {
  await trial.drained('provider');
  const views = await Promise.all(ids.map(id => trial.client.job(id)));
  const dead = views.filter(view => view?.state === 'dead');
  const burned = views.reduce((sum, view) => sum + (view?.attemptsMade ?? 1) - 1, 0);
  trial.measured.jobs = ids.length;
  trial.measured.burned = burned;
  return [
    ...ids.filter((_, index) => views[index] === undefined).map(id => `L: ${id} is lost`),
    ...dead.map(view => `A: ${view?.id} is dead: ${view?.lastError}`),
    ...(burned <= MOST_BURNED ? [] : [`A: ${burned} attempts were spent on a sick provider`]),
    ...(opens && fleet.facts('breaker.opened').length === 0 ? ['the circuit never opened'] : []),
  ];
}

const sickMail = (title: string, sick: SMTPServerOptions, more?: Pick<FaultCase, 'smokeOn'>): FaultCase => ({
  ...more,
  number: 27,
  title: `the mail server ${title} for a while`,
  engines: ['redis'],
  async run(trial) {
    let well = false;
    const arrived = new Set<string>();
    const server = await startScriptedSmtp({
      onRcptTo: (address, session, done) =>
        well || sick.onRcptTo === undefined ? done() : sick.onRcptTo.call(server as never, address, session, done),
      onData(stream, session, done) {
        if (!well && sick.onData !== undefined) return sick.onData.call(server as never, stream, session, done);
        let text = '';
        stream.on('data', (part: Buffer) => (text += part.toString()));
        stream.once('end', () => {
          arrived.add(/^Message-ID: *(.*)$/im.exec(text)?.[1] ?? text);
          done();
        });
      },
    });
    try {
      const fleet = await trial.readyFleet({ ...NOBODY, SMTP_URL: server.url.href }, APP);
      const receipts = await trial.client.enqueueMany(Array.from({ length: JOBS }, (_, n) => mail({ n })));
      await waitFor('a failure', () => fleet.facts('job.retried').length > 0);
      await sickness(trial);
      well = true;
      const wrong = await outcome(
        trial,
        fleet,
        receipts.map(({ id }) => id),
        true,
      );
      return [...wrong, ...(arrived.size === JOBS ? [] : [`${arrived.size} of ${JOBS} mails arrived`])];
    } finally {
      await server.stop();
    }
  },
});

const sickHttp = (
  title: string,
  opens: boolean,
  sick: (request: IncomingMessage, response: ServerResponse) => void,
  more?: Pick<FaultCase, 'smokeOn'>,
): FaultCase => ({
  ...more,
  number: 28,
  title: `the HTTP sink ${title} for a while`,
  engines: ['redis'],
  async run(trial) {
    let well = false;
    const arrived = new Set<string>();
    const server = createServer((request, response) => {
      if (!well) return sick(request, response);
      request.resume().once('end', () => {
        arrived.add(String(request.headers['idempotency-key']));
        response.end('ok');
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      const fleet = await trial.readyFleet({ ...NOBODY, CHAOS_HTTP: `http://127.0.0.1:${port}/` }, APP);
      const receipts = await trial.client.enqueueMany(Array.from({ length: JOBS }, (_, n) => call({ n })));
      // A pause that was asked for spends no attempt.
      const first = opens ? 'job.retried' : 'job.snoozed';
      await waitFor('a failure', () => fleet.facts(first).length > 0);
      await sickness(trial);
      well = true;
      const wrong = await outcome(
        trial,
        fleet,
        receipts.map(({ id }) => id),
        opens,
      );
      if (!opens && trial.measured.burned > 0) wrong.push(`A: ${trial.measured.burned} attempts were spent on pauses`);
      return [...wrong, ...(arrived.size === JOBS ? [] : [`${arrived.size} of ${JOBS} calls arrived`])];
    } finally {
      server.closeAllConnections();
      server.close();
    }
  },
});

/** A stranger's endpoint: every other call is answered with something that is no answer, and kept. */
const upgrades: FaultCase = {
  number: 38,
  title: 'an endpoint answers every other call with 101 (Upgrade), and keeps the connection',
  engines: ['redis'],
  async run(trial) {
    const server = await startRawServer(socket => {
      let asked = '';
      socket.on('data', (part: Buffer) => {
        asked += part.toString();
        const [, n] = /\{"n":(\d+)\}/.exec(asked) ?? [];
        if (n === undefined) return;
        if (Number(n) % 2 === 0) socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
        else socket.write('HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
      });
    });
    try {
      const fleet = await trial.readyFleet({ ...NOBODY, CHAOS_HTTP: `http://${server.host}/` }, APP);
      const receipts = await trial.client.enqueueMany(Array.from({ length: JOBS }, (_, n) => call({ n })));
      await trial.drained('provider');
      const views = await Promise.all(receipts.map(({ id }) => trial.client.job(id)));
      trial.measured.jobs = receipts.length;
      const wrong = views.flatMap((view, n) => {
        const expected = n % 2 === 0 ? 'succeeded' : 'dead';
        return view?.state === expected ? [] : [`A: job ${n} is ${view?.state}, not ${expected}`];
      });
      const blamed = ['worker.died', 'worker.recycled', 'worker.blocked', 'breaker.opened'] as const;
      return [
        ...wrong,
        ...blamed.flatMap(fact =>
          fleet.facts(fact).length === 0 ? [] : [`S: ${fact} because of a stranger's endpoint`],
        ),
        ...(server.open === 0 ? [] : [`S: ${server.open} connections are left`]),
      ];
    } finally {
      server.stop();
    }
  },
};

/** What it answers is classified beside its client, and tested there; another form goes the same way from there on. */
const ALIKE = { smokeOn: [] } as const;
const reply = (responseCode: number): Error => Object.assign(new Error('not now'), { responseCode });

export const providers: readonly FaultCase[] = [
  sickMail('answers 451', { onRcptTo: (_address, _session, done) => done(reply(451)) }, ALIKE),
  sickMail('answers 421', { onRcptTo: (_address, _session, done) => done(reply(421)) }, ALIKE),
  sickMail('takes the mail and never answers', { onData: stream => void stream.resume() }),
  sickHttp('answers 503', true, (_request, response) => void response.writeHead(503).end()),
  sickHttp(
    'answers 429 with Retry-After',
    false,
    (_request, response) => void response.writeHead(429, { 'retry-after': '2' }).end(),
  ),
  sickHttp('resets the connection', true, request => void request.socket.resetAndDestroy(), ALIKE),
  sickHttp('never answers', true, () => undefined, ALIKE),
  upgrades,
];
