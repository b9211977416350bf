import { checkNamespace } from '../../config/index.ts';

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
  readonly safePosition: string;
  /** LISTEN and NOTIFY. */
  readonly channel: string;
  /** Put before the names of prepared statements, so that two stores on one pool keep apart. */
  readonly statement: string;
}

/** @throws InvalidConfigError */
export function namesOf(namespace: string | undefined): StoreNames {
  const schema = checkNamespace(namespace) ? `shiftwork_events_${namespace}` : 'shiftwork_events';
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
    safePosition: named('horizon'),
    channel: schema,
    statement: schema,
  };
}
