import { createHash } from 'node:crypto';

/** What makes two failures the same cause. */
export interface Cause {
  readonly jobName: string;
  /** Class of the error. */
  readonly error: string;
  /** With its code in front, where it has one. */
  readonly message: string;
}

/**
 * Ten characters that are the same for failures with the same contract, error class, code and message, whatever numbers, ids,
 * addresses and quoted values stand in the message.
 */
export function fingerprintOf({ jobName, error, message }: Cause): string {
  const text = [jobName, error, normalized(message)].join('\n');
  return createHash('sha256').update(text).digest('base64url').slice(0, 10);
}

/** The message with everything that differs from case to case taken out: what a group of failures is shown with. */
export function normalized(message: string): string {
  return (message.split('\n', 1)[0] ?? '')
    .slice(0, 1_000)
    .replace(/"[^"]*"|'[^']*'|`[^`]*`/g, '"…"')
    .replace(/\b[\w.+-]+@[\w-]+(\.[\w-]+)+\b/g, '…')
    .replace(/\b[a-z][a-z0-9-]{0,40}-[0-9a-z]{20}-[\w-]{10}/g, '…')
    .replace(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi, '…')
    .replace(/\b(?=\w*\d)(?=\w*[a-z])\w{12,}\b/gi, '…')
    .replace(/\d+/g, '#');
}
