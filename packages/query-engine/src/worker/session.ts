import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { type Connection, closeSandbox, limitResources, openDatabase } from '@agnes/duckdb';
import { AgnesError, isAgnesError, messageOf } from '@agnes/errors';
import {
  checkPlan,
  checkPolicyExpression,
  type Explaining,
  expandPivot,
  explainFailure,
  gateStatement,
  type Passed,
  type Refusal,
} from '../gate/index.ts';
import type { Command, FromWorker, Output, WorkerSettings, WorkerTable } from '../protocol.ts';
import { policySelect } from './policy-select.ts';
import { areUniform, createViews, selectOf } from './tables.ts';
import { writeFile } from './write-file.ts';
import { writeJson } from './write-json.ts';

/** A database. The first command that reads files makes them the only ones that it can ever read. */
export interface Session {
  /** Parses and gates a statement; nothing of it is bound, run or left behind. Gives what may run, or why it may not. */
  prepare(sql: string): Promise<Passed | FromWorker>;
  /** What DuckDB or a gate refuses becomes an answer, not an exception. What runs is what was `prepared`. */
  answer(command: Reading, prepared: Passed | undefined): Promise<FromWorker>;
  close(): Promise<void>;
}

type Reading = Exclude<Command, { type: 'prepare' }>;
type CommandOf<T extends Command['type']> = Extract<Command, { type: T }>;

/** Opens the database, with everything set that does not depend on the work. */
export async function openSession(settings: WorkerSettings): Promise<Session> {
  const database = await openDatabase(':memory:');
  const connection = await database.connect();
  // Databases that share a folder take each other's files for their own.
  await limitResources(connection, { ...settings, tempDirectory: join(settings.tempDirectory, randomUUID()) });
  // A file of many is opened to bind, to check the plan and to run; its footer is read once. Its rows are not kept: a database
  // that waits for its user's next query should not hold them.
  await connection.run('SET GLOBAL parquet_metadata_cache = true; SET GLOBAL enable_external_file_cache = false');
  let entered = false;

  const run = async ({ tables, output }: CommandOf<'run'>, prepared: Passed | undefined): Promise<FromWorker> => {
    if (prepared === undefined) throw new Error('A statement is prepared before it runs.');
    const files = filesOf(tables);
    if (!entered) {
      await enter(connection, files, output);
      await overStored(() => createViews(connection, tables));
      entered = true;
    }
    const scanned = new Set(files);
    const explaining = explainingOf(prepared, tables);
    const passed = await expandPivot(connection, prepared, scanned, explaining);
    if (passed.kind === 'refused') return refusal(passed);
    const refused = await checkPlan(connection, passed.sql, scanned, explaining);
    return refused === undefined ? write(connection, passed.sql, output) : refusal(refused);
  };

  const read = async ({ table, output }: CommandOf<'read'>): Promise<FromWorker> => {
    await enter(connection, table.files, output);
    const select = await overStored(() => selectOf(connection, table));
    // One row more than is asked for says whether there are more.
    const limited = output.kind === 'json' ? `${select} LIMIT ${output.limit + 1}` : select;
    return overStored(() => write(connection, limited, output));
  };

  const slice = async ({ table, branches, caller, path }: CommandOf<'slice'>): Promise<FromWorker> => {
    const output: Output = { kind: 'file', path, format: 'parquet', limit: null };
    await enter(connection, table.files, output);
    for (const { row_filter, column_masks } of branches) {
      const refused = await checkExpressions(connection, table.columns, row_filter, column_masks);
      if (refused !== undefined) return refusal(refused);
    }
    const source = await overStored(() => selectOf(connection, table));
    const select = policySelect(source, table.columns, branches, caller);
    return write(connection, select, output);
  };

  const inspect = async ({ files, columns }: CommandOf<'inspect'>): Promise<FromWorker> => {
    await enter(connection, files);
    return { type: 'inspected', uniform: await areUniform(connection, files, columns) };
  };

  const answer = (command: Reading, prepared: Passed | undefined): Promise<FromWorker> => {
    switch (command.type) {
      case 'run':
        return run(command, prepared);
      case 'read':
        return read(command);
      case 'slice':
        return slice(command);
      case 'inspect':
        return inspect(command);
    }
  };

  return {
    async prepare(sql) {
      try {
        const gate = await gateStatement(connection, sql);
        return gate.kind === 'refused' ? refusal(gate) : gate;
      } catch (error) {
        return failure(error, undefined);
      }
    },
    async answer(command, prepared) {
      try {
        return await answer(command, prepared);
      } catch (error) {
        const explaining =
          prepared !== undefined && command.type === 'run' ? explainingOf(prepared, command.tables) : undefined;
        return command.type === 'slice' ? sliceFailure(error) : failure(error, explaining);
      }
    },
    close: () => database.close(),
  };
}

function filesOf(tables: readonly WorkerTable[]): string[] {
  return [...new Set(tables.flatMap(({ files }) => files))];
}

/** From here on these files exist, and the one that is written. */
function enter(connection: Connection, files: readonly string[], output?: Output): Promise<void> {
  return closeSandbox(connection, {
    allowedPaths: output?.kind === 'file' ? [...files, output.path] : files,
  });
}

function write(connection: Connection, sql: string, output: Output): Promise<FromWorker> {
  return output.kind === 'json' ? writeJson(connection, sql, output) : writeFile(connection, sql, output);
}

async function checkExpressions(
  connection: Connection,
  columns: readonly { readonly name: string; readonly type: string }[],
  rowFilter: string | null,
  columnMasks: Readonly<Record<string, string>>,
): Promise<Refusal | undefined> {
  const expressions = Object.values(columnMasks).map((mask) => [mask, 'mask'] as const);
  for (const [expression, kind] of [...(rowFilter === null ? [] : [[rowFilter, 'filter'] as const]), ...expressions]) {
    const checked = await checkPolicyExpression(connection, columns, expression, kind);
    if (checked.kind === 'refused') return checked;
  }
  return undefined;
}

function explainingOf({ sql }: Passed, tables: readonly WorkerTable[]): Explaining {
  return { sql, tables: tables.map(({ name, columns }) => ({ name, columns: columns.map((column) => column.name) })) };
}

function refusal({ code, message, hint, position, unknown, nearest }: Refusal): FromWorker {
  return {
    type: 'error',
    code,
    message,
    hint,
    details: {
      ...(position === undefined ? {} : { position: { ...position } }),
      ...(unknown === undefined ? {} : { unknown }),
      ...(nearest === undefined ? {} : { nearest: [...nearest] }),
    },
  };
}

/** Runs a statement of ours over stored files. When DuckDB cannot read one, that is nobody's SQL. */
async function overStored<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (DISK_FULL.test(messageOf(error)) || !/^(IO|Invalid Input|Permission) Error/.test(messageOf(error))) throw error;
    throw new AgnesError('blob_corrupt', 'A stored file of the table cannot be read.', {
      hint: 'Sync the table again; whoever runs the server should check the disk.',
    });
  }
}

/** The kind of failure only: DuckDB's words for it may hold a value of a row that nobody may see. */
function sliceFailure(error: unknown): FromWorker {
  if (isAgnesError(error)) return failure(error, undefined);
  if (DISK_FULL.test(messageOf(error))) return failure(error, undefined);
  const kind = /^([A-Z][A-Za-z -]* Error):/.exec(messageOf(error))?.[1] ?? 'an error';
  return {
    type: 'error',
    code: 'policy_failed',
    message: `DuckDB stopped with ${kind} while the expressions were run over the rows.`,
    hint: 'Write the expressions so that they hold for every row: TRY_CAST instead of CAST, coalesce for NULL.',
  };
}

const DISK_FULL = /No space left on device|Disk quota exceeded/;

/** What DuckDB says, in words for whoever wrote the SQL; nothing of where files lie. */
function failure(error: unknown, explaining: Explaining | undefined): FromWorker {
  if (isAgnesError(error)) {
    const { code, message, hint, details } = error;
    return { type: 'error', code, message, ...(hint === undefined ? {} : { hint }), details: { ...details } };
  }
  if (DISK_FULL.test(messageOf(error))) {
    return { type: 'error', code: 'storage_full', message: 'The disk of the server is full.' };
  }
  return refusal(explainFailure(error, explaining));
}
