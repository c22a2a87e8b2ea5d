import {
  type Column,
  type Connection,
  type Database,
  enterSandbox,
  quoteIdentifier,
  quoteLiteralList,
  type Row,
  toJson,
} from '@agnes/duckdb';
import { messageOf } from '@agnes/errors';
import type { FromWorker, Work, WorkerSettings } from './protocol.ts';

/** Does one piece of work in a fresh database. What DuckDB refuses becomes an answer, not an exception. */
export async function doWork(opening: Promise<Database>, work: Work, settings: WorkerSettings): Promise<FromWorker> {
  const database = await opening;
  await using connection = await database.connect();
  try {
    await enterSandbox(connection, {
      allowedPaths: work.files,
      memoryLimit: settings.memoryLimit,
      threads: settings.threads,
    });
    const { columns, rows } = await sample(connection, work);
    const answer: FromWorker = {
      type: 'rows',
      columns,
      rows: rows.map((row) => toJson(row) as Record<string, unknown>),
    };
    const bytes = Buffer.byteLength(JSON.stringify(answer));
    if (bytes <= settings.answerBytes) return answer;
    return {
      type: 'error',
      message: `The rows are ${bytes} bytes of JSON, more than the ${settings.answerBytes} that an answer may have.`,
      hint: 'Ask for fewer rows or columns.',
    };
  } catch (error) {
    return { type: 'error', message: withoutPaths(messageOf(error), work.files) };
  }
}

async function sample(connection: Connection, work: Work): Promise<{ columns: Column[]; rows: Row[] }> {
  const from = `read_parquet(${quoteLiteralList(work.files)}, union_by_name = true, hive_partitioning = false)`;
  const select = await withAllColumns(connection, from, work.columns);
  return { columns: await connection.columns(select), rows: await connection.rows(`${select} LIMIT ${work.n}`) };
}

/** The files asked for may be only some of the table's: what the others add is NULL here, what they widen is widened. */
async function withAllColumns(
  connection: Connection,
  from: string,
  columns: readonly Column[] | undefined,
): Promise<string> {
  if (columns === undefined) return `SELECT * FROM ${from}`;
  const present = new Map((await connection.columns(`SELECT * FROM ${from}`)).map(({ name, type }) => [name, type]));
  const list = columns.map(({ name, type }) => {
    const quoted = quoteIdentifier(name);
    if (present.get(name) === type) return quoted;
    return `CAST(${present.has(name) ? quoted : 'NULL'} AS ${type}) AS ${quoted}`;
  });
  return `SELECT ${list.join(', ')} FROM ${from}`;
}

function withoutPaths(message: string, files: readonly string[]): string {
  const first = message.split('\n')[0] ?? '';
  return files.reduce((text, file, index) => text.replaceAll(file, `part ${index + 1}`), first);
}
