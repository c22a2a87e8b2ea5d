import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '@agnes/api-client';
import { type Connection, quoteIdentifier, quoteLiteral, quoteLiteralList, toJson } from '@agnes/duckdb';
import { type Column, canonical, isNested, questions } from './canonical.ts';
import { readSource } from './source-table.ts';
import { loadTexts } from './texts.ts';

export interface Sides {
  readonly connection: Connection;
  /** As the analyst. */
  readonly client: Client;
  /** `agnes query` on the laptop. */
  readonly ask: (sql: string) => Promise<readonly unknown[]>;
  /** The workspace's database. */
  readonly database: string;
  readonly scratch: string;
}

export interface Comparison {
  rows: number;
  cells: number;
  answers: number;
  /** Columns of numbers that are published as text, because a number would not be what the file says. */
  keptAsText: string[];
  differences: string[];
}

type Manifest = Awaited<ReturnType<Client['syncManifest']>>;

/** Above this the rows are compared by checksums of each column and group, not one by one. */
const ROW_BY_ROW = 200_000;
const SAMPLE = 100;

/** Compares a table's source file with the server (its parts and the sample) and the laptop (its database and `agnes query`). */
export async function compareTable(
  sides: Sides,
  name: string,
  file: string,
  entry: Manifest['tables'][string] | undefined,
): Promise<Comparison> {
  if (entry === undefined) throw new Error(`${name} is not in the analyst's manifest.`);
  const { connection } = sides;
  const names = await readSource(connection, 'source', file, join(sides.scratch, 'source.ndjson'));
  const { columns } = entry;
  const found: Comparison = { rows: 0, cells: 0, answers: 0, keptAsText: [], differences: [] };
  if (names.join('\n') !== columns.map((column) => column.name).join('\n')) {
    found.differences.push(`${name}: columns ${columns.map((column) => column.name)}, in the source ${names}`);
    return found;
  }
  const parts = await fetchParts(sides, entry.parts);
  const server = `read_parquet(${quoteLiteralList(parts)}, union_by_name = true)`;
  await connection.run(`ATTACH ${quoteLiteral(sides.database)} AS laptop (READ_ONLY)`);
  try {
    const laptop = `laptop.main.${quoteIdentifier(name)}`;
    await compareAnswers(sides, name, { server, laptop: quoteIdentifier(name) }, columns, found);
    found.rows = Number((await connection.first<{ n: number }>('SELECT count(*) AS n FROM source'))?.n);
    if (found.rows <= ROW_BY_ROW) {
      await asTexts(sides, 'source_texts', 'source', columns);
      await asTexts(sides, 'server_texts', server, columns);
      await asTexts(sides, 'laptop_texts', laptop, columns);
      await compareRows(connection, name, 'server', columns, found.rows, found);
      await compareRows(connection, name, 'laptop', columns, found.rows, found);
    } else {
      await connection.run(`CREATE OR REPLACE TABLE source_texts AS ${textsOf('source', columns)} LIMIT ${SAMPLE}`);
    }
    const sample = await sides.client.tableSample({ params: { id: name }, query: { n: String(SAMPLE) } });
    const sampled = columns.map((column) => column.name);
    await loadTexts(connection, 'sample', sampled, sample.rows, join(sides.scratch, 'sample.ndjson'));
    await connection.run(`CREATE OR REPLACE TABLE sample_texts AS ${textsOf('sample', columns)}`);
    await compareRows(connection, name, 'sample', columns, Math.min(SAMPLE, found.rows), found);
    found.keptAsText = await numbersKeptAsText(connection, name, columns);
  } finally {
    await connection.run('DETACH laptop');
  }
  return found;
}

/** The published version's bytes, through the API, each verified. */
async function fetchParts(
  { client, scratch }: Sides,
  parts: readonly { readonly sha256: string }[],
): Promise<string[]> {
  const folder = join(scratch, 'parts');
  await mkdir(folder, { recursive: true });
  const paths: string[] = [];
  for (const { sha256 } of parts) {
    const bytes = await (await client.getBlob({ params: { sha256 } })).bytes();
    if (createHash('sha256').update(bytes).digest('hex') !== sha256) throw new Error(`Blob ${sha256} has other bytes.`);
    const path = join(folder, `${sha256}.parquet`);
    await writeFile(path, bytes);
    paths.push(path);
  }
  return paths;
}

/** Counts, checksums and group-bys: of the source, of the server's parts, and by `agnes query`. */
async function compareAnswers(
  { connection, ask }: Sides,
  name: string,
  relations: { readonly server: string; readonly laptop: string },
  columns: readonly Column[],
  found: Comparison,
): Promise<void> {
  const groups = await groupable(connection, columns);
  const expected = await connection.rows(questions('source', columns, groups));
  const answers = {
    server: await connection.rows(questions(relations.server, columns, groups)),
    laptop: await ask(questions(relations.laptop, columns, groups)),
  };
  for (const [side, rows] of Object.entries(answers)) {
    found.answers += expected.length;
    const theirs = new Set(rows.map((row) => JSON.stringify(row)));
    const ours = new Set(expected.map((row) => JSON.stringify(row)));
    const wrong = [...theirs, ...ours].filter((answer) => theirs.has(answer) !== ours.has(answer));
    if (wrong.length > 0) found.differences.push(`${name}, ${side}: ${wrong.length} answers differ, as ${wrong[0]}`);
  }
}

/** Two columns with few values. */
async function groupable(connection: Connection, columns: readonly Column[]): Promise<Column[]> {
  const flat = columns.filter((column) => !isNested(column));
  const counts = await Promise.all(
    flat.map((column) =>
      connection.first<{ n: number }>(`SELECT approx_count_distinct(${quoteIdentifier(column.name)}) AS n FROM source`),
    ),
  );
  return flat.filter((_, i) => (counts[i]?.n ?? Number.POSITIVE_INFINITY) <= 500).slice(0, 2);
}

const textsOf = (relation: string, columns: readonly Column[]): string =>
  `SELECT ${columns.map((column) => `${canonical(column)} AS ${quoteIdentifier(column.name)}`).join(', ')} FROM ${relation}`;

/** A table with the canonical texts of a relation, in its order. Nested values take the way through JavaScript. */
async function asTexts(sides: Sides, table: string, relation: string, columns: readonly Column[]): Promise<void> {
  const { connection, scratch } = sides;
  let from = relation;
  if (relation !== 'source' && columns.some(isNested)) {
    const rows = (await connection.rows(`FROM ${relation}`)).map((row) => toJson(row) as Record<string, unknown>);
    from = 'nested';
    await loadTexts(
      connection,
      from,
      columns.map((column) => column.name),
      rows,
      join(scratch, 'nested.ndjson'),
    );
  }
  await connection.run(`CREATE OR REPLACE TABLE ${table} AS ${textsOf(from, columns)}`);
}

/** Every cell of every row, in order. */
async function compareRows(
  connection: Connection,
  name: string,
  side: 'server' | 'laptop' | 'sample',
  columns: readonly Column[],
  rows: number,
  found: Comparison,
): Promise<void> {
  const count = Number((await connection.first<{ n: number }>(`SELECT count(*) AS n FROM ${side}_texts`))?.n);
  if (count !== rows) found.differences.push(`${name}, ${side}: ${count} rows, in the source ${rows}`);
  found.cells += rows * columns.length;
  const both = `(SELECT * FROM source_texts LIMIT ${rows}) AS ours POSITIONAL JOIN ${side}_texts AS theirs`;
  for (const { name: column } of columns) {
    const [a, b] = [`ours.${quoteIdentifier(column)}`, `theirs.${quoteIdentifier(column)}`];
    const wrong = await connection.first<{ row: number; ours: string | null; theirs: string | null; n: number }>(
      `SELECT *, count(*) OVER () AS n FROM (
         SELECT row_number() OVER () AS row, left(${a}, 200) AS ours, left(${b}, 200) AS theirs, ${a} IS DISTINCT FROM ${b} AS wrong
         FROM ${both}) WHERE wrong ORDER BY row LIMIT 1`,
    );
    if (wrong === undefined) continue;
    const values = `${JSON.stringify(wrong.theirs)}, in the source ${JSON.stringify(wrong.ours)}`;
    found.differences.push(`${name}, ${side}, row ${wrong.row}, column ${column}: ${values} (${wrong.n} cells)`);
  }
}

async function numbersKeptAsText(connection: Connection, name: string, columns: readonly Column[]): Promise<string[]> {
  const kept: string[] = [];
  for (const column of columns.filter(({ type }) => type === 'VARCHAR')) {
    const value = quoteIdentifier(column.name);
    const all = await connection.first<{ yes: boolean | null }>(
      `SELECT bool_and(TRY_CAST(${value} AS DOUBLE) IS NOT NULL) AS yes FROM source WHERE ${value} IS NOT NULL`,
    );
    if (all?.yes === true) kept.push(`${name}.${column.name}`);
  }
  return kept;
}
