import type { Redis } from 'ioredis';

type Sender = { runCommand(name: string, args: unknown[]): unknown };

/**
 * Leans on BullMQ 6.7's names of scripts, and on the driver's list of them. In a transaction the driver sends a script by its digest where its connection
 * has sent it before. A server that has lost it (SCRIPT FLUSH) then carries out the rest of the transaction without it: a flow was refused again and
 * again, or stood there in part. So the first of each script in a transaction is sent whole: those behind it find it.
 */
export class WholeScripts {
  readonly #scripts: object;
  readonly #sent = new WeakMap<object, Set<string>>();

  constructor({ scriptsSet }: Pick<Redis, 'scriptsSet'>) {
    this.#scripts = scriptsSet;
  }

  /** Whether it was sent: not outside of transactions, where the driver sends again what the server does not know. */
  send(to: Sender, name: string, args: readonly unknown[]): boolean {
    if (Reflect.get(to, 'isPipeline') !== true) return false;
    const sent = this.#sent.get(to) ?? new Set();
    this.#sent.set(to, sent);
    const script: unknown = Reflect.get(this.#scripts, name);
    if (sent.has(name) || typeof script !== 'object' || script === null) return false;
    if (!('lua' in script) || !('numberOfKeys' in script)) return false;
    sent.add(name);
    to.runCommand('eval', [script.lua, script.numberOfKeys, ...args]);
    return true;
  }
}
