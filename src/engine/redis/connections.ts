import type { Redis } from 'ioredis';
import type { ClusterAddress, RedisAddress } from '../../config/index.ts';
import {
  ClusterError,
  mastersOf,
  readSlots,
  sentinelError,
  SentinelWatch,
  SLOTS,
  slotsServed,
  type RedisClient,
} from '../../redis/index.ts';
import { isOutage } from '../../resilience/index.ts';
import type { EngineOptions } from '../engine.ts';
import type { Outage } from '../outage/outage.ts';
import { WriteWatch } from '../outage/write-watch.ts';
import { isRefusedSelect } from './insist-on-database.ts';
import { openBlocking, openCommands } from './open-commands.ts';
import { settled, within } from '../../time/index.ts';

const CLOSED = new Error('Connection is closed.');

export interface ConnectionsOptions {
  readonly address: RedisAddress;
  readonly role: EngineOptions['role'];
  readonly outage: Outage;
  /** Keys that are written to see whether writes are taken again: one in each slot that is used. */
  readonly probes: () => readonly [string, ...string[]];
}

/** Every connection to Redis that a process holds: one for commands, and one for each worker's blocking read. */
export class Connections {
  /** Shared by all queues and workers. */
  readonly commands: RedisClient;
  readonly #address: RedisAddress;
  readonly #outage: Outage;
  readonly #writes: WriteWatch;
  readonly #sentinels: SentinelWatch | undefined;
  readonly #all: RedisClient[] = [];
  #arrival: PromiseWithResolvers<void> | undefined;
  #closed = false;
  #looking = false;
  /** Why the present connection is not used, or none comes about: what follows from its end must not hide it. */
  #refusal: Error | undefined;

  constructor({ address, role, outage, probes }: ConnectionsOptions) {
    this.#address = address;
    this.#outage = outage;
    this.#writes = new WriteWatch(outage, () =>
      Promise.all(probes().map(probe => this.commands.set(probe, '1', 'PX', 1_000))),
    );
    this.commands = openCommands(address, role, probes()[0], error => {
      // That one server of a cluster is away no connection tells: the others stand.
      if (address.kind === 'cluster' && isOutage(error)) this.#writes.suspect(error);
      else this.#writes.note(error);
    });
    if (address.kind === 'sentinel') this.#sentinels = new SentinelWatch(address, () => this.renew());
    this.#all.push(this.commands);
    this.#listen();
  }

  /** A connection of its own for a worker's read of this key. */
  blocking(key: string, connectionName: string): Redis {
    const copy = openBlocking(this.#address, key, connectionName);
    // The command connection speaks for the server; this listener only keeps the driver from printing.
    copy.on('error', () => undefined);
    this.#all.push(copy);
    return copy;
  }

  /** Commands can be sent now. */
  get isReady(): boolean {
    return !this.#closed && this.commands.status === 'ready';
  }

  /** Resolves when commands can be sent; rejects with EngineUnreachableError after `limitMs`, or when closed. */
  async ready(limitMs?: number): Promise<void> {
    const { commands } = this;
    if (this.#closed) throw this.#outage.error(CLOSED);
    if (commands.status === 'ready') return;
    // One wait for all: a web app may ask a thousand times during an outage.
    if (this.#arrival === undefined) {
      this.#arrival = Promise.withResolvers<void>();
      this.#arrival.promise.catch(() => undefined);
    }
    const arrival = this.#arrival.promise;
    // The first attempt may fail; the retries go on by themselves.
    if (commands.status === 'wait') commands.connect().catch(() => undefined);
    if (limitMs === undefined) await arrival;
    else await within(limitMs, arrival, () => this.#outage.error());
  }

  /** Cuts every connection; each comes back by itself. */
  renew(): void {
    for (const connection of this.#all) connection.disconnect(true);
  }

  /** Lets what was sent be answered, at most for `limitMs`, then destroys what is left. */
  async close(limitMs: number): Promise<void> {
    this.#closed = true;
    this.#outage.end();
    this.#writes.end();
    this.#sentinels?.end();
    this.#arrival?.reject(this.#outage.error(CLOSED));
    if (this.commands.status === 'ready') await settled(limitMs, this.commands.quit());
    for (const connection of this.#all) {
      const servers = mastersOf(connection);
      connection.disconnect();
      for (const server of servers) {
        // Before the first connection there is no stream, whatever the type says.
        const stream: { destroy(): unknown } | undefined = server.stream;
        stream?.destroy();
      }
    }
  }

  #listen(): void {
    const { commands } = this;
    const outage = this.#outage;
    // What one sentinel says; that none names a master follows as an error which does not say why.
    commands.on('sentinelError', (error: Error) => (this.#refusal = sentinelError(error)));
    commands.on('ready', () => {
      this.#refusal = undefined;
      this.#sentinels?.begin();
      this.#writes.connected();
      this.#arrival?.resolve();
      this.#arrival = undefined;
    });
    commands.on('error', (error: Error) => {
      if (isRefusedSelect(error)) this.#refusal = error;
      outage.lost(this.#refusal ?? error);
    });
    commands.on('close', () => {
      if (this.#address.kind === 'cluster') void this.#lookAtCluster(this.#address);
      else this.#refusal = undefined;
      outage.lost();
    });
  }

  /** The driver says that it could not connect to a cluster, or goes on trying without a word; here it is found out why. */
  async #lookAtCluster(address: ClusterAddress): Promise<void> {
    if (this.#looking || this.#closed) return;
    this.#looking = true;
    try {
      const served = slotsServed(await readSlots(address));
      this.#refusal = served < SLOTS ? new ClusterError('SLOT_UNSERVED') : undefined;
    } catch (error) {
      this.#refusal = error instanceof Error ? error : undefined;
    }
    this.#looking = false;
    if (!this.isReady && this.#refusal !== undefined) this.#outage.lost(this.#refusal);
  }
}
