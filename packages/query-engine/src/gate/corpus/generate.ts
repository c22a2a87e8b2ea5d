import { tokenize } from '../tokens.ts';
import type { Case } from './read-corpus.ts';

/** Numbers from 0 to 1 that a seed determines (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const RELATIONS = [
  ...[
    'secrets',
    'main.secrets',
    'memory.main.secrets',
    'salaries',
    'vault.safe',
    'vault.main.safe',
    '"secrets"',
    'leak()',
  ],
  ...[
    "'{dir}/forbidden.parquet'",
    "'{dir}/*.csv'",
    "read_text('{dir}/marker.csv')",
    "query('FROM secrets')",
    'duckdb_tables()',
  ],
  ...[
    "query_table('secrets')",
    '(FROM secrets)',
    '(SHOW ALL TABLES)',
    '(DESCRIBE secrets)',
    'sqlite_master',
    'pg_class',
  ],
  ...[
    "glob('{dir}/*')",
    '(PIVOT secrets ON secret)',
    '(VALUES ((SELECT max(secret) FROM secrets)))',
    'duckdb_settings()',
  ],
];
const EXPRESSIONS = [
  ...[
    '(SELECT max(secret) FROM secrets)',
    'leak_scalar()',
    'stats(note)',
    "getvariable('hidden')",
    'secret',
    'secrets.secret',
  ],
  ...[
    "current_setting('allowed_paths')",
    'enum_range(NULL::secret_enum)',
    "nextval('seq')",
    'current_query()',
    'filename',
  ],
  ...['(SELECT count(*) FROM vault.safe)', "(SELECT content FROM read_text('{dir}/marker.csv'))", 'NULL::secret_enum'],
  ...[
    "json_serialize_plan('FROM secrets')",
    'ARRAY(SELECT secret FROM secrets)',
    'EXISTS (FROM secrets)',
    'note',
    'amount',
  ],
];
const HONEST_EXPRESSIONS = [
  'note',
  'amount',
  'id',
  'upper(note)',
  'count(*)',
  '1',
  "'a'",
  '(SELECT max(id) FROM orders)',
  'NULL',
];
/** Q is a query, T what may stand in FROM, E an expression, N a name. */
const TEMPLATES = [
  ...[
    'SELECT * FROM (Q)',
    'WITH N AS (Q) FROM N',
    'WITH N AS (Q), M AS (FROM N) SELECT * FROM M, T',
    'Q UNION ALL Q',
    'FROM T',
  ],
  ...[
    'SELECT E FROM orders',
    'SELECT * FROM orders WHERE note = E',
    'SELECT * FROM orders, LATERAL (Q)',
    'SELECT (Q)',
    'SELECT * FROM orders JOIN T ON true',
  ],
  ...[
    'PIVOT T ON E',
    'PIVOT orders ON note IN (Q)',
    'PIVOT (Q) ON E USING count(*)',
    'FROM (PIVOT T ON note USING max(E))',
    'UNPIVOT T ON E',
  ],
  ...[
    'DESCRIBE Q',
    'SUMMARIZE Q',
    'FROM (DESCRIBE Q)',
    'SELECT list_transform([1], x -> E)',
    'SELECT CASE WHEN E IS NULL THEN E END',
  ],
  ...[
    'SELECT max(E) OVER (PARTITION BY E) FROM orders',
    'SELECT * FROM orders QUALIFY row_number() OVER (ORDER BY E) < 3',
    'VALUES (E, E)',
  ],
  ...[
    'WITH RECURSIVE N AS (SELECT 1 AS x UNION SELECT E FROM N) FROM N',
    'WITH RECURSIVE N(x) USING KEY (x) AS (Q UNION SELECT E FROM recurring.N) FROM N',
  ],
  ...[
    'SELECT error(E)',
    'SELECT CAST(E AS INTEGER)',
    'SELECT TRY_CAST(E AS JSON)',
    'SELECT COLUMNS(c -> E) FROM T',
    'SELECT * REPLACE (E AS note) FROM orders',
  ],
  ...[
    'SELECT * FROM orders ORDER BY E',
    'SELECT * FROM orders LIMIT E',
    'Q; Q',
    "COPY (Q) TO '{dir}/written.csv'",
    'EXPLAIN Q',
    'SELECT * FROM unnest(E)',
    'SELECT * FROM range(E)',
  ],
  ...[
    'WITH secrets AS (Q) FROM T',
    'WITH orders AS (Q) FROM orders',
    'SELECT * FROM orders AS secrets, T',
    'SELECT E.upper() FROM orders',
    'FROM T TABLESAMPLE 10%',
  ],
];

/** Statements grown out of both corpora: one put into the other, wrapped, cut, repeated, and written strangely. */
export function generator(honest: readonly Case[], hostile: readonly Case[], seed: number): () => string {
  const random = randomOf(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const orders = honest.filter(({ sql }) => /\borders\b/i.test(sql) && !/customer|status|tags|ordered_at/.test(sql));

  const query = (depth: number): string => {
    const roll = random();
    if (depth > 0 && roll < 0.45) return grow(depth - 1);
    if (roll < 0.65) return pick(hostile).sql;
    return roll < 0.9 ? pick(orders).sql : 'SELECT note FROM orders';
  };
  const grow = (depth: number): string => {
    const name = pick(['n', 'secrets', 'orders', '"SECRETS"', 'vault', 'duckdb_tables']);
    const fill: Readonly<Record<string, () => string>> = {
      Q: () => query(depth),
      T: () => (random() < 0.6 ? pick(RELATIONS) : 'orders'),
      E: () => (random() < 0.6 ? pick(EXPRESSIONS) : pick(HONEST_EXPRESSIONS)),
      N: () => name,
      M: () => 'm',
    };
    return pick(TEMPLATES).replaceAll(/\b[QTENM]\b/g, (hole) => fill[hole]?.() ?? hole);
  };

  /** A table, value or column of an honest query becomes something else. */
  const poison = (sql: string): string => {
    const tokens = tokenize(sql) ?? [];
    const at = pick(tokens.filter(({ kind }) => kind !== 'sign'));
    if (at === undefined) return sql;
    const into = /^(ORDERS|CUSTOMERS)$/.test(at.text)
      ? pick(RELATIONS)
      : pick(random() < 0.3 ? RELATIONS : EXPRESSIONS);
    return sql.slice(0, at.start) + into + sql.slice(at.end);
  };
  /** Tokens left out, doubled, or taken from elsewhere. */
  const shuffle = (sql: string): string => {
    const texts = (tokenize(sql) ?? []).map(({ start, end }) => sql.slice(start, end));
    if (texts.length === 0) return sql;
    const at = Math.floor(random() * texts.length);
    const other = tokenize(pick(hostile).sql) ?? [];
    const donor = pick(other);
    const roll = random();
    if (roll < 0.3) texts.splice(at, 1);
    else if (roll < 0.5) texts.splice(at, 0, texts[at] ?? '');
    else if (donor !== undefined) texts.splice(at, roll < 0.8 ? 0 : 1, donor.text);
    return texts.join(' ');
  };
  const disguise = (sql: string): string =>
    (tokenize(sql) ?? [])
      .map(({ kind, start, end }) => {
        const text = sql.slice(start, end);
        const roll = random();
        if (kind === 'word' && roll < 0.2)
          return [...text].map((c) => (random() < 0.5 ? c.toUpperCase() : c.toLowerCase())).join('');
        if (kind === 'word' && roll < 0.25 && text.length > 6) return `"${text}"`;
        if (kind === 'text' && roll < 0.2 && text.startsWith("'")) return `$a$${text.slice(1, -1)}$a$`;
        return text;
      })
      .join(pick([' ', ' ', ' /**/ ', '\n', ' --x\n', '\t', ' /* ; */ ']));

  return () => {
    const roll = random();
    let sql = roll < 0.45 ? grow(2) : poison(pick(roll < 0.85 ? orders : hostile).sql);
    if (random() < 0.2) sql = poison(sql);
    if (random() < 0.15) sql = shuffle(sql);
    if (random() < 0.3) sql = disguise(sql);
    return sql;
  };
}
