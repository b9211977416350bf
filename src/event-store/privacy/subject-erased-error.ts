import { ShiftworkError } from '../../errors/index.ts';

/** An event would encrypt personal data of somebody whose key was thrown away. Nothing was written. */
export class SubjectErasedError extends ShiftworkError {
  readonly code = 'SUBJECT_ERASED';

  constructor() {
    super(
      'Expected a subject whose personal data may be stored, found one that was erased. Nothing was written: ' +
        'a person who returns gets a new id.',
    );
  }
}
