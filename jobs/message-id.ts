import { hash } from 'node:crypto';
import { id } from './fields.ts';

/** The id of a message to analytics, made of the id of what it tells of: the same each time, and a digest where that would be no id. */
export function messageIdOf(text: string): string {
  return id.safeParse(text).success ? text : hash('sha256', text, 'hex');
}
