/** Past forms that do not end in -ed; the last word of an event's name may be one of them. */
const IRREGULAR: ReadonlySet<string> = new Set(
  [
    'beaten become begun bent bet bid bitten blown born bought bound broadcast broken brought built burnt burst',
    'cast caught chosen clung come cost cut dealt done drawn driven drunk dug eaten fallen felt flown forbidden',
    'foregone foreseen forgiven forgotten fought found frozen given gone gotten grown heard held hidden hit hung',
    'hurt kept known laid lain learnt led left lent let lit lost made meant met mistaken mown outgrown overcome',
    'overdrawn overdue overpaid overridden overrun overseen oversold overtaken paid partaken prepaid preset proven',
    'put quit read rebuilt redone redrawn reheld remade repaid reread rerun resent reset resold retaken rewritten',
    'ridden risen run rung said sat sawn seen sent set sewn shaken shaven shone shot shown shrunk shut slain slept',
    'slid sold sought sown spent spilt split spoken sprung spun stolen stood struck strung stuck stung sung sunk',
    'swept swollen sworn swum swung taken taught thought thrown thrust told torn trodden undergone understood',
    'undertaken undone unpaid unread unsent unsold upheld upset withdrawn withheld withstood woken won worn wound',
    'woven written wrung',
  ].flatMap(line => line.split(' ')),
);
/** Words that end in -ed and are no past form. */
const NOT_PAST: ReadonlySet<string> = new Set(
  [
    'bed biped bleed breed creed deed embed exceed feed greed heed hundred indeed kindred need proceed red seed',
    'shed shred sled speed succeed weed',
  ].flatMap(line => line.split(' ')),
);

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
