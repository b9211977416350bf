import { fileURLToPath } from 'node:url';
import { Program } from './start-program.ts';

export type SubjectName = keyof typeof MODULES;

const MODULES = { BullMQ: 'bullmq.ts', Shiftwork: 'shiftwork.ts' } as const;

export function startSubject(name: SubjectName, url: string): Promise<Program> {
  return Program.start(name, fileURLToPath(new URL(MODULES[name], import.meta.url)), url);
}
