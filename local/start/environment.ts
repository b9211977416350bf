import { resolve } from 'node:path';
import type { Environment, Variables } from '../../src/config/index.ts';

/** What a program gets: what was made for it, under what the person has set; a blank one is not set, as everywhere. */
export function childEnvironment(made: Readonly<Record<string, string>>, set: Variables): Record<string, string> {
  const env: Record<string, string> = { ...made };
  for (const [name, value] of Object.entries(set)) if (value !== undefined && value.trim() !== '') env[name] = value;
  return env;
}

/** SHIFTWORK_DATA, else `fallback`. Programs that are started with it have other working directories. */
export function dataFolder(environment: Environment, fallback: string): string {
  return resolve(environment.string('SHIFTWORK_DATA', fallback));
}
