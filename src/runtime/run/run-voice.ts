import type { Json } from '../../contracts/index.ts';

/** What a run says while it works: `RunNotes`. */
export interface RunVoice {
  progress(value: unknown): void;
  log(line: string): void;
  /** Resolves when the engine has all of it. */
  told(): Promise<void>;
}

/** The steps of a run: `RunSteps`. */
export interface RunStepper {
  step<Value extends Json | void>(name: string, work: () => Value | Promise<Value>): Promise<Value>;
}
