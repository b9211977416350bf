import { ShiftworkError } from './shiftwork-error.ts';

/** A package that only some apps need is not installed. */
export class MissingPackageError extends ShiftworkError {
  readonly code = 'PACKAGE_MISSING';
  readonly package: string;

  constructor(name: string, range: string, neededFor: string, options?: ErrorOptions) {
    super(
      `Expected the package ${name} for ${neededFor}, found none. Run "npm install ${name}@${range}" in this app.`,
      options,
    );
    this.package = name;
  }
}
