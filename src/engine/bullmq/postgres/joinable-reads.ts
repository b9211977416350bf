import { COUNTS, RANGE } from './cheaper-reads.ts';

/** A statement that only reads, whose parameters are values of these types: many of it can be asked in one. */
export interface JoinableRead {
  readonly types: readonly ParamType[];
  /** What the server is asked, which has the same rows: by itself, and among many. */
  readonly alone: string;
  readonly joined: string;
}

const TYPES = ['text', 'integer', 'bigint', 'boolean', 'text[]'] as const;
type ParamType = (typeof TYPES)[number];

/** Statements of BullMQ 6.7 by what they consist of, behind their comment; a test notices a BullMQ that has others. */
const OF_BULLMQ: readonly (readonly [
  statement: RegExp,
  types: readonly ParamType[],
  joined?: string,
  alone?: string,
])[] = [
  [/^SELECT \* FROM job WHERE queue = \$1 AND id = \$2$/, ['text', 'text']],
  [/^SELECT state, priority FROM job WHERE queue = \$1 AND id = \$2$/, ['text', 'text']],
  [
    /^SELECT id FROM get_range\(\$1, \$2, \$3, \$4, \$5\) AS t\(id\)$/,
    ['text', 'text', 'integer', 'integer', 'boolean'],
    RANGE,
  ],
  [/^SELECT EXISTS\( SELECT 1 FROM meta WHERE queue = \$1 AND field = \$2 \) AS exists$/, ['text', 'text']],
  [/^SELECT COALESCE\( \(SELECT count\(\*\) FROM job WHERE queue = \$1 AND state = 'active'\)/, ['text']],
  [/^SELECT rate_limit_ttl\(\$1, \$2, \$3\) AS ttl$/, ['text', 'integer', 'bigint']],
  [
    /^SELECT COUNT\(\*\) FILTER \(WHERE state = 'active'\) AS active, .* AND field = 'paused'\) AS paused FROM job WHERE queue = \$1$/,
    ['text'],
    COUNTS,
    COUNTS,
  ],
  [/^SELECT field, value FROM meta WHERE queue = \$1$/, ['text']],
  [/^SELECT value FROM meta WHERE queue = \$1 AND field = \$2$/, ['text', 'text']],
  [/^SELECT count\(\*\)::int AS count FROM scheduler WHERE queue = \$1$/, ['text']],
  [/^SELECT COUNT\(\*\) AS count FROM job_log WHERE queue = \$1 AND job_id = \$2$/, ['text', 'text']],
  // Each queue looks for its own among the connections of all.
  [
    /^SELECT application_name FROM pg_stat_activity WHERE datname = current_database\(\) AND application_name <> ''$/,
    [],
  ],
];
const MARK = '-- joinable: ';

/** Says of a statement of ours that it can be asked for many at once, with the types of its parameters. */
export function joinable(types: readonly ParamType[], statement: string): string {
  return `${MARK}${types.join(', ')}\n${statement}`;
}

const known = new Map<string, JoinableRead | undefined>();

export function joinableRead(text: string): JoinableRead | undefined {
  if (known.has(text)) return known.get(text);
  const read = readOf(text);
  // Statements are a fixed set; what is not among them must not grow this.
  if (known.size < 1_000) known.set(text, read);
  return read;
}

function readOf(text: string): JoinableRead | undefined {
  if (text.startsWith(MARK)) {
    const words = text.slice(MARK.length, text.indexOf('\n')).split(', ');
    return { types: words.flatMap(word => TYPES.filter(type => type === word)), alone: text, joined: text };
  }
  const words = bareStatement(text).replaceAll(/\s+/g, ' ');
  const [, types, joined = text, alone = text] = OF_BULLMQ.find(([of]) => of.test(words)) ?? [];
  return types && { types, alone, joined };
}

/** Without comments, and without what ends it. */
function bareStatement(text: string): string {
  return text
    .replaceAll(/^\s*--.*$/gm, '')
    .trim()
    .replace(/;$/, '');
}

/**
 * The statement for many: each is asked by itself, along the indexes that it is made for (`OFFSET 0` keeps the planner from turning all into one walk
 * through a table, and stands outside, since a statement may have an OFFSET of its own), and its rows keep their order. Parameters are arrays, of arrays
 * as JSON.
 */
export function joinedText({ types, joined }: JoinableRead): string {
  const statement = bareStatement(joined).replaceAll(/\$(\d+)/g, (_, number: string) =>
    types[Number(number) - 1] === 'text[]'
      ? `(ARRAY(SELECT jsonb_array_elements_text(asked.p${number})))`
      : `asked.p${number}`,
  );
  const columns = types.map((_, at) => `p${at + 1}`).join(', ');
  const arrays = types.map((type, at) => `$${at + 1}::${type === 'text[]' ? 'jsonb' : type}[]`).join(', ');
  return `SELECT asked.nth::integer AS shiftwork_nth, answer.*
  FROM unnest(${arrays}) WITH ORDINALITY AS asked (${columns}, nth)
 CROSS JOIN LATERAL (SELECT * FROM (${statement}) AS answered OFFSET 0) AS answer`;
}
