import { hostname } from 'node:os';
import { createIdSource } from '../../time/index.ts';

/** Unique for each start: hosts reuse names and processes reuse ids, an incarnation never comes back. */
export function workerName(): string {
  const host = hostname()
    .replace(/[^a-zA-Z0-9.-]/g, '-')
    .slice(0, 60);
  return `${host}-${process.pid}-${createIdSource().next()}`;
}
