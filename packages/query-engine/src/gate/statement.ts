import type { Connection } from '@agnes/duckdb';
import { explainEngineError } from './explain.ts';
import {
  type Gate,
  type GateLimits,
  type Refusal,
  type Relation,
  refuse,
  unlistedPivot,
  withoutPlace,
} from './gate.ts';
import { type Placed, withPlaceholders } from './pivot-text.ts';
import { findPivot, parseExact, valuesStatement } from './pivot-tree.ts';
import { positionAt } from './position.ts';
import { type Token, tokenize } from './tokens.ts';
import { type EngineError, parseTree, treeToSql } from './tree.ts';
import { walkStatement } from './walk.ts';

/** Of one statement. What the engine's parser does with more is measured in minutes. */
const BYTES = 1024 * 1024;
const TOKENS = 100_000;
const DEPTH = 300;
/** Names of tables, and lists of a PIVOT that have to be found. */
const TABLES = 500;
const LISTS = 50;

/**
 * Decides whether a text is one statement that may run: a SELECT (or VALUES, TABLE, DESCRIBE, SUMMARIZE, PIVOT, UNPIVOT) made of
 * what the gate knows, calling functions of its list. Nothing is bound, opened or run. Whoever calls must find each of the
 * relations readable before the statement comes near any file.
 */
export async function gateStatement(connection: Connection, sql: string, limits: GateLimits = {}): Promise<Gate> {
  const cut = cutStatement(sql, limits);
  if ('kind' in cut) return cut;
  const parsed = await parseOne(connection, cut, sql);
  if ('kind' in parsed) return parsed;
  const walked = walkStatement(parsed.statement, limits.depth ?? DEPTH);
  const place = (location: number | undefined): Pick<Relation, 'position'> =>
    location === undefined ? {} : { position: positionAt(sql, cut.start + location) };
  if ('refusal' in walked) return { ...walked.refusal, ...place(walked.location) };
  if (new Set(walked.tables.map(({ name }) => name)).size > TABLES) {
    return refuse('sql_too_large', `The statement names more than ${TABLES} tables.`, 'Ask in several steps.');
  }
  const relations = new Map<string, Relation>();
  for (const { name, location } of walked.tables) {
    if (!relations.has(name)) relations.set(name, { name, ...place(location) });
  }
  for (const select of parsed.lists) {
    const list = await gateStatement(connection, select, limits);
    if (list.kind === 'refused') return withoutPlace(list);
    for (const { name } of list.relations) if (!relations.has(name)) relations.set(name, { name });
  }
  return { kind: 'ok', sql: cut.sql, relations: [...relations.values()], pivots: parsed.pivots };
}

interface Cut {
  readonly sql: string;
  readonly tokens: readonly Token[];
  /** Bytes before it. */
  readonly start: number;
}

/** The statement without what is around it, when it is not too large to look at. */
function cutStatement(sql: string, { bytes = BYTES, tokens: most = TOKENS }: GateLimits): Cut | Refusal {
  // Cheap for any size: a text has at least as many bytes as characters.
  if (sql.length > bytes || Buffer.byteLength(sql) > bytes) {
    return refuse(
      'sql_too_large',
      `The statement has more than ${bytes} bytes.`,
      'Put the values that it lists into a table, or ask in several steps.',
    );
  }
  const nul = sql.indexOf('\0');
  if (nul >= 0) {
    return refuse('sql_syntax', 'The statement holds a NUL character.', 'Take it out.', {
      position: positionAt(sql, Buffer.byteLength(sql.slice(0, nul))),
    });
  }
  const tokens = tokenize(sql, most);
  if (tokens === undefined) {
    return refuse(
      'sql_syntax',
      'A quote or a comment of the statement is not closed.',
      "Close it; a quote inside a text is written twice: 'it''s'.",
    );
  }
  if (tokens.length > most) {
    return refuse(
      'sql_too_large',
      `The statement has more than ${most} words and signs.`,
      'Put the values that it lists into a table, or ask in several steps.',
    );
  }
  const first = tokens.findIndex(({ text }) => text !== ';');
  const last = tokens.findLastIndex(({ text }) => text !== ';');
  const [from, to] = [tokens[first], tokens[last]];
  if (from === undefined || to === undefined) {
    return refuse('sql_syntax', 'There is no statement.', 'Write one SELECT.');
  }
  // Comments in front stay, so that places in it are those of the whole text.
  const start = first === 0 ? 0 : from.start;
  const shifted = tokens
    .slice(first, last + 1)
    .map((token) => ({ ...token, start: token.start - start, end: token.end - start }));
  return { sql: sql.slice(start, to.end), tokens: shifted, start: Buffer.byteLength(sql.slice(0, start)) };
}

interface Parsed {
  readonly statement: unknown;
  readonly pivots: boolean;
  /** SELECTs that list a PIVOT's values: the tree has a placeholder for them. */
  readonly lists: readonly string[];
}

/** The one statement of the text; a PIVOT without values, which the engine would make several of, with a placeholder for them. */
async function parseOne(connection: Connection, { sql, tokens, start }: Cut, whole: string): Promise<Parsed | Refusal> {
  const plain = await parseTree(connection, sql);
  if ('statements' in plain) return only(plain.statements, false, []);
  if (isNoSelect(plain.error)) {
    const pivoted = withPlaceholders(sql, tokens);
    if (pivoted !== undefined && pivoted.columns.length > LISTS) {
      return refuse(
        'sql_too_large',
        `The values of more than ${LISTS} PIVOT columns are not listed.`,
        'List them: IN (…).',
      );
    }
    if (pivoted !== undefined) {
      const tree = await parseTree(connection, pivoted.sql);
      if ('statements' in tree) {
        const lists = await listsOf(connection, pivoted);
        return lists === undefined ? unlistedPivot() : only(tree.statements, true, lists);
      }
      if (!isNoSelect(tree.error)) return unlistedPivot();
    }
    return notSelect(tokens);
  }
  const { position } = plain.error;
  const error = { ...plain.error, position: position === undefined ? undefined : start + position };
  return explainEngineError(error, { sql: whole });
}

/** Each with the CTEs that it sees. */
async function listsOf(connection: Connection, { sql, columns }: Placed): Promise<string[] | undefined> {
  const lists: string[] = [];
  const listed = columns.filter(({ select }) => select !== undefined);
  const statement = listed.length === 0 ? undefined : await parseExact(connection, sql);
  for (const column of listed) {
    const found = findPivot(statement, column.marker, []);
    const values = found && (await valuesStatement(connection, found, column, 1));
    if (values === undefined) return undefined;
    lists.push(await treeToSql(connection, JSON.stringify(values)));
  }
  return lists;
}

function only(statements: readonly unknown[], pivots: boolean, lists: readonly string[]): Parsed | Refusal {
  if (statements.length === 1) return { statement: statements[0], pivots, lists };
  return refuse(
    'sql_not_allowed',
    `There are ${statements.length} statements; a query is one.`,
    'Send them one by one.',
    { unknown: 'several statements' },
  );
}

/** The serializer knows no other statement, and says so before it does anything with one. */
const isNoSelect = (error: EngineError): boolean => error.kind === 'not implemented';

function notSelect(tokens: readonly Token[]): Refusal {
  const word = tokens[0]?.kind === 'word' ? tokens[0].text : 'This statement';
  const several = tokens.some(({ text, depth }) => text === ';' && depth === 0);
  return refuse(
    'sql_not_allowed',
    several ? 'Only one SELECT may run.' : `${word} is not allowed: only a SELECT may run.`,
    word === 'EXPLAIN'
      ? 'Run the SELECT itself, or EXPLAIN it on pulled data: agnes query.'
      : 'Write it as a SELECT. Data is changed where it comes from, not here.',
    { unknown: word },
  );
}
