import { InvalidConfigError } from '../../config/index.ts';

/** Qualified names: the app's search path may be anything. */
export interface StoreNames {
  readonly schema: string;
  readonly event: string;
  readonly sequence: string;
  readonly snapshot: string;
  readonly subjectKey: string;
  readonly projection: string;
  readonly parked: string;
  readonly append: string;
  readonly horizon: string;
  /** LISTEN and NOTIFY. */
  readonly channel: string;
  /** Put before the names of prepared statements, so that two stores on one pool keep apart. */
  readonly statement: string;
}

/** Two `_` stand before `next` and `old` in the schemas of a rebuild, and nowhere else: they could be the live ones of another. */
const NAMESPACE = /^(?!.*__)[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/;

/** @throws InvalidConfigError */
export function namesOf(namespace: string | undefined): StoreNames {
  if (namespace !== undefined && namespace !== '' && !NAMESPACE.test(namespace)) {
    throw new InvalidConfigError([
      'Expected the namespace to be 1 to 40 letters, digits, "-" or single "_", starting with a letter or digit, ' +
        `got ${JSON.stringify(namespace.slice(0, 60))}.`,
    ]);
  }
  const schema = namespace ? `shiftwork_events_${namespace}` : 'shiftwork_events';
  const named = (name: string): string => `"${schema}"."${name}"`;
  return {
    schema,
    event: named('event'),
    sequence: named('position'),
    snapshot: named('snapshot'),
    subjectKey: named('subject_key'),
    projection: named('projection'),
    parked: named('parked'),
    append: named('append'),
    horizon: named('horizon'),
    channel: schema,
    statement: schema,
  };
}
