/** Past forms that do not end in -ed; the last word of an event's name may be one of them. */
const IRREGULAR: ReadonlySet<string> = new Set([
  'begun',
  'bought',
  'broken',
  'built',
  'caught',
  'chosen',
  'cut',
  'done',
  'drawn',
  'fallen',
  'felt',
  'forgotten',
  'found',
  'frozen',
  'given',
  'gone',
  'grown',
  'held',
  'hidden',
  'hit',
  'kept',
  'known',
  'laid',
  'led',
  'left',
  'lent',
  'let',
  'lost',
  'made',
  'met',
  'overdue',
  'overdrawn',
  'paid',
  'put',
  'read',
  'reset',
  'risen',
  'run',
  'said',
  'seen',
  'sent',
  'set',
  'shown',
  'shut',
  'sold',
  'spent',
  'split',
  'spoken',
  'stolen',
  'swept',
  'taken',
  'thrown',
  'told',
  'undone',
  'understood',
  'unpaid',
  'withdrawn',
  'won',
  'written',
]);
/** Words that end in -ed and are no past form. */
const NOT_PAST: ReadonlySet<string> = new Set([
  'bed',
  'breed',
  'exceed',
  'feed',
  'need',
  'proceed',
  'seed',
  'speed',
  'succeed',
  'embed',
  'shed',
]);

const FORM = /^[a-z][a-z0-9]*(-[a-z0-9]+)*(\.[a-z][a-z0-9]*(-[a-z0-9]+)*)+$/;

/**
 * Why a name is no event's name, or undefined. `entity.action`, lower case, the action in the past tense: checked as far as
 * spelling can tell, with the irregular verbs that domains use.
 */
export function eventNameProblem(name: string): string | undefined {
  if (!FORM.test(name) || name.length > 100) return 'expected "entity.action" in lower case, like "user.registered"';
  const word =
    name
      .slice(name.lastIndexOf('.') + 1)
      .split('-')
      .at(-1) ?? '';
  if (IRREGULAR.has(word) || (word.endsWith('ed') && !NOT_PAST.has(word))) return undefined;
  return `expected an action that has happened (past tense, like "user.registered"), found "${word}"`;
}
