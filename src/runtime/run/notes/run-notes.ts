import { requireProgress, type AnyJobContract } from '../../../contracts/index.ts';
import type { NoteAnswer, RunNote } from '../../../engine/index.ts';
import { toError } from '../../../errors/index.ts';
import { isTooDeep, scrubDeep, scrubStart, shortened } from '../../../privacy/index.ts';
import { marksOf, withMarks, type JobMarks } from '../../../queue/index.ts';
import { runFields, type RunContext } from '../run-context.ts';
import { scrubberOf } from '../stored-error.ts';
import type { NoteSender, Untold } from './note-sender.ts';

/** Of one run; of a job with many attempts, what its log may have in all. */
const LINES_OF_A_RUN = 200;
const LINES_OF_A_JOB = 2_000;
const LINE_LIMIT = 1_000;
const NO_MORE = `... what this run says after ${LINES_OF_A_RUN} lines is left out`;

/** What one run says of itself while it runs: the newest progress and the lines that the engine does not have yet. */
export class RunNotes implements Untold {
  readonly #run: RunContext;
  readonly #contract: AnyJobContract;
  readonly #sender: NoteSender;
  readonly #onCancel: (reason: string) => void;
  /** What stands in the job's progress, as far as is known here. */
  #there: string;
  #marks: JobMarks;
  #said: { readonly value: unknown } | undefined;
  #lines: string[] = [];
  #lineCount = 0;
  #underWay:
    { readonly said: { readonly value: unknown } | undefined; readonly lines: string[]; to: string } | undefined;
  #refused: Error | undefined;

  constructor(run: RunContext, contract: AnyJobContract, sender: NoteSender, onCancel: (reason: string) => void) {
    this.#run = run;
    this.#contract = contract;
    this.#sender = sender;
    this.#onCancel = onCancel;
    this.#there = JSON.stringify(run.job.progress ?? 0);
    this.#marks = marksOf(run.job.progress);
  }

  get isTold(): boolean {
    return this.#said === undefined && this.#lines.length === 0 && this.#underWay === undefined;
  }

  /** @throws InvalidProgressError, also for an earlier value that was not looked at when it was said; that one stands in the log, too */
  progress(value: unknown): void {
    const refused = this.#refused;
    this.#refused = undefined;
    if (refused !== undefined) throw refused;
    // In a tight loop each value but the first and the last is replaced unseen, and costs no look.
    if (this.#said === undefined) requireProgress(this.#contract, value);
    this.#said = { value };
    this.#sender.tellSoon(this);
  }

  log(line: string): void {
    if (this.#lineCount > LINES_OF_A_RUN) return;
    this.#lineCount += 1;
    this.#tell(this.#lineCount > LINES_OF_A_RUN ? NO_MORE : textOf(line));
    this.#sender.tellSoon(this);
  }

  #tell(given: string): void {
    const text = shortened(scrubStart(given, scrubberOf(this.#run)), LINE_LIMIT);
    const { facts } = this.#run.at;
    if (facts.wants('job.logged')) facts.emit('job.logged', { ...runFields(this.#run), line: text });
    this.#lines.push(text);
  }

  take(): RunNote | undefined {
    if (this.#underWay !== undefined) return undefined;
    const said = this.#said === undefined || this.#isFit(this.#said.value) ? this.#said : undefined;
    this.#said = undefined;
    const lines = this.#lines;
    this.#lines = [];
    if (said === undefined && lines.length === 0) return undefined;
    const to = said === undefined ? '' : JSON.stringify(withMarks(this.#shown(said.value), this.#marks));
    this.#underWay = { said, lines, to };
    const { id: jobId, token } = this.#run.job;
    const progress = said === undefined ? undefined : { from: this.#there, to };
    return { jobId, token, lines, mostLines: LINES_OF_A_JOB, progress };
  }

  answered(answer: NoteAnswer): void {
    const { said, to } = this.#underWay ?? {};
    this.#underWay = undefined;
    if (answer.kind === 'noted' && said !== undefined) this.#there = to ?? this.#there;
    if (answer.kind !== 'changed') return;
    this.#there = answer.progress;
    this.#marks = marksOf(parsed(answer.progress));
    // What was said meanwhile is newer.
    this.#said ??= said;
    if (this.#marks.cancel !== undefined) this.#onCancel(this.#marks.cancel.reason);
  }

  /** A line may then stand there twice, and is not lost. */
  failed(): void {
    const { said, lines = [] } = this.#underWay ?? {};
    this.#underWay = undefined;
    this.#said ??= said;
    this.#lines = [...lines, ...this.#lines];
  }

  giveUp(): void {
    this.#underWay = undefined;
    this.#said = undefined;
    this.#lines = [];
  }

  /** Resolves when the engine has all of it. */
  told(): Promise<void> {
    return this.#sender.told(this);
  }

  /** An object that was given may have changed since. */
  #isFit(value: unknown): boolean {
    try {
      requireProgress(this.#contract, value);
      return true;
    } catch (error) {
      const refused = toError(error);
      this.#refused = refused;
      // It may be the last of the run: nobody is there to be refused.
      this.#tell(refused.message);
      return false;
    }
  }

  #shown(value: unknown): unknown {
    if (this.#contract.sensitive.length === 0 && !isTooDeep(value)) return value;
    return scrubDeep(value, scrubberOf(this.#run));
  }
}

/** In JavaScript a line may be anything. */
function textOf(line: unknown): string {
  if (typeof line === 'string') return line;
  try {
    return JSON.stringify(line) ?? String(line);
  } catch {
    return 'a line that cannot be written';
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
