/** Something that an operator should know. */
export interface Condition {
  /** One word, before the sentence. */
  readonly kind:
    | 'stopped'
    | 'filling'
    | 'lost'
    | 'missed'
    | 'late'
    | 'sick'
    | 'paused'
    | 'new'
    | 'failing'
    | 'left behind'
    | 'clock';
  /** Which of its kind: a queue, a destination, a host, a schedule, a cause. With the kind it tells one condition from another, for as long as it lasts. */
  readonly about: string;
  /** How much of it there is: jobs that wait, dead letters of the cause; 1 where nothing is counted. */
  readonly size: number;
  /** Whether a person has to act, or it heals by itself or was asked for. */
  readonly needsYou: boolean;
  /** What is wrong, since when, and what will happen by itself. */
  readonly text: string;
  /** A destination that is tried before its time where somebody asks for it: `QUEUE/NAME`. */
  readonly tries?: string;
  /** Where to act, below the dashboard's path. */
  readonly link: { readonly path: string; readonly label: string };
}
