import type { Results } from '../results.ts';
import { goalsOf } from './goals.ts';
import { sheet } from './sheet.ts';
import { costs, number, ratioText, table } from './tables.ts';

/** results.md: everything that a run has found. */
export function page(results: Results): string {
  const { about, latency, lateness, waitsOfOthers, spreading, together, idle } = results;
  return [
    '# Shiftwork beside BullMQ',
    `Written by \`${about.command}\` at ${about.commit}: ${about.rounds} rounds (${about.postgresRounds} on PostgreSQL), the subjects in turn within each, each in ` +
      'processes of its own; medians, of the ratios too, with their quartiles. A ratio compares what was measured one after the other. Shiftwork runs with ' +
      'validation, ids, trace context and metrics on; every job has a priority; of those that ended a thousand are kept. ' +
      `Node ${about.node}, Redis ${about.redis} (append-only file, fsync each second), PostgreSQL ${about.postgres} (fsync on), all on one machine with ${about.cores} cores; ` +
      `processes that wanted a core: ${about.loadBefore} before, ${about.loadAfter} after. **Read the ratios, not the rates: they are of one machine, and jobs/s suffer most ` +
      'from whatever else runs there; CPU a job says what a job costs.**',
    '![CPU a job beside BullMQ](results.svg)',
    '## The goals',
    table(
      ['goal', 'wanted', 'found', ''],
      goalsOf(results).map(({ what, wanted, found, isMet }) => [what, wanted, found, isMet ? 'met' : '**missed**']),
    ),
    'Ratios are to BullMQ by itself. Goals that are missed stand here until they are met; [what costs what](../docs/performance.md) says why.',
    '## Redis',
    costs(results.redis, 'Redis'),
    '`commands/job`: commands that the server carried out, those within scripts too. `bytes/job`: memory of a waiting job with its share of the events.',
    '## What 100,000 jobs a second take',
    sheet(results),
    '## PostgreSQL',
    costs(results.postgres, 'server'),
    '## From enqueue to start',
    table(
      ['jobs/s', 'subject', 'p50, ms', 'p99, ms', 'p99.9, ms', 'p50 to BullMQ', 'p99 to BullMQ'],
      latency.map(({ perSecond, subject, p50, p99, p999, ratios }) => [
        String(perSecond),
        subject,
        number(p50, 2),
        number(p99, 2),
        number(p999, 2),
        ...(subject === 'BullMQ' ? ['', ''] : [ratioText(ratios.p50), ratioText(ratios.p99)]),
      ]),
    ),
    'From the call that adds a job in one process to the first line of its handler in another. p99.9 is of all rounds together.',
    table(
      ['delayed jobs begin late by', 'median, ms', 'p99, ms'],
      lateness.map(({ subject, median, p99 }) => [subject, number(median, 2), number(p99, 2)]),
    ),
    '## What others wait for',
    table(
      ['behind', 'payload', 'subject', 'their p99, ms', 'one script, p99, ms'],
      waitsOfOthers.map(({ behind, payloadKb, subject, p99, scriptP99 }) => [
        behind,
        behind === 'nothing' ? '' : `${payloadKb} KB`,
        subject,
        number(p99, 2),
        number(scriptP99, 2),
      ]),
    ),
    'Another client of that Redis asks for a small value a thousand times a second. It and the server go before others on the cores, where this program may say so; what it waits for behind ' +
      'nothing is what the machine makes anybody wait for. The last column is how long one script kept the server.',
    '## Several processes',
    table(
      ['subject', 'worker processes', 'jobs/s', 'Redis, us/job', 'of one core of Redis', 'Redis is full at, jobs/s'],
      together.map(({ subject, processes, perSecond, serverUs, serverBusy }) => [
        subject,
        String(processes),
        number(perSecond, 0),
        number(serverUs),
        `${Math.round(serverBusy * 100)} %`,
        number(1e6 / serverUs, 0),
      ]),
    ),
    '200 at once in each, no work. The last column is what one Redis can do at that CPU a job: a million microseconds by those of a job.',
    table(
      ['subject', 'idle processes', 'jobs in a burst', 'farthest from its share'],
      spreading.map(({ subject, processes, jobs, farthest }) => [
        subject,
        String(processes),
        String(jobs),
        `${Math.round(farthest * 100)} %`,
      ]),
    ),
    table(
      ['subject', 'queues of an idle process', 'commands a second', 'connections'],
      idle.map(({ subject, queues, commandsPerSecond, connections }) => [
        subject,
        String(queues),
        number(commandsPerSecond),
        String(connections),
      ]),
    ),
    'One connection for each queue that is waited for, and those of the process; commands within scripts are counted.',
    '',
  ].join('\n\n');
}
