import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgnesError, isAgnesError } from '@agnes/errors';
import {
  type ConnectorContext,
  type ConnectorTable,
  type ConnectorWarning,
  defineConnector,
} from '@agnes/extract-contract';
import { assertTypes } from './column-types.ts';
import { type FilesConfig, type Format, filesConfig, optionsOf } from './config.ts';
import { planCsv } from './csv.ts';
import { readFailure } from './failures.ts';
import { commonFormat, findFiles, type SourceFile } from './find-files.ts';
import { planJson } from './json.ts';
import { planParquet } from './parquet.ts';
import { patternOf } from './place.ts';
import { prepareFiles } from './prepare-files.ts';
import type { ReadInput, ReadPlan } from './read-plan.ts';
import { reportProgress } from './report-progress.ts';
import { isRefuted } from './text-guards.ts';
import { changedSince, changedWhileRead, signaturesOf } from './unchanged.ts';

type Context = ConnectorContext<FilesConfig>;

const PLANS: Readonly<Record<Format, (input: ReadInput) => Promise<ReadPlan>>> = {
  csv: planCsv,
  tsv: planCsv,
  json: planJson,
  ndjson: planJson,
  parquet: planParquet,
};

/** The connector for CSV, TSV, JSON, NDJSON and Parquet files: `source_type` `local`, or `csv` by its second name. */
export const filesConnector = defineConnector<FilesConfig>({
  sourceType: 'local',
  environment: [],
  configSchema: filesConfig,
  async extractTable(table, context) {
    // A copy that is under way when the first reading starts is often whole when the second one does.
    const changed = await extractOnce(table, context);
    if (changed === undefined) return;
    context.log('info', `${table.name}: ${changed} changed while it was read; it is read once more.`);
    const again = await extractOnce(table, context);
    if (again === undefined) return;
    await context.writer.failTable(table.name);
    throw changedWhileRead(again);
  },
});

/** Writes the table; answers the file that changed meanwhile, so that what was read of it is worth nothing. */
async function extractOnce(table: ConnectorTable, context: Context): Promise<string | undefined> {
  const files = await findFiles(patternOf(table), context.config.roots, context.config.max_files);
  const options = optionsOf(table);
  const format = commonFormat(files, options.format);
  const total = totalSize(files);
  context.log(
    'info',
    `${table.name}: ${files.length} ${format} ${files.length === 1 ? 'file' : 'files'}, ${total} bytes`,
  );
  // Also says which table it was, should this process not survive it.
  context.progress(table, { done: 0, total, unit: 'bytes' });
  const signatures = await signaturesOf(files);
  const scratch = await mkdtemp(join(tmpdir(), 'agnes-files-'));
  try {
    const warnings = await writeFiles(table, context, files, format, options, scratch);
    const changed = await changedSince(signatures);
    if (changed === undefined) for (const warning of warnings) context.warn(table, warning);
    return changed;
  } catch (error) {
    context.signal.throwIfAborted();
    const changed = await changedSince(signatures);
    if (changed !== undefined) return changed;
    throw readFailure(error, files);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function writeFiles(
  table: ConnectorTable,
  context: Context,
  found: readonly SourceFile[],
  format: Format,
  options: ReadInput['options'],
  scratch: string,
): Promise<readonly ConnectorWarning[]> {
  const { connection } = context.writer;
  // Without a prototype: a column may be called "constructor".
  const columnTypes: Record<string, string> = Object.assign(Object.create(null), table.column_types);
  await assertTypes(connection, columnTypes);
  const { files, named } = await prepareFiles(found, format, scratch);
  using progress = await reportProgress(connection, totalSize(files), (done, total) =>
    context.progress(table, { done, total, unit: 'bytes' }),
  );
  const input = { connection, files, format, options, columnTypes, scratch };
  try {
    const { rows, warnings } = await writeReading(table, context, input, () => progress.half());
    progress.complete();
    const said = warnings.map((warning) => ({ ...warning, message: named(warning.message) }));
    return rows === 0 ? [...said, noRows(found)] : said;
  } catch (error) {
    throw renamed(readFailure(error, files), named);
  }
}

interface Written {
  readonly rows: number;
  readonly warnings: readonly ConnectorWarning[];
}

async function writeReading(
  table: ConnectorTable,
  context: Context,
  input: ReadInput,
  planned: () => void,
): Promise<Written> {
  try {
    return await writeOnce(table, context, input, planned);
  } catch (error) {
    context.signal.throwIfAborted();
    if (!mayBeMisread(input, error)) throw error;
    context.log('info', `${table.name}: it is read once more, with one thread for each file.`);
    return await writeOnce(table, context, { ...input, sequential: true }, planned);
  }
}

async function writeOnce(
  table: ConnectorTable,
  context: Context,
  input: ReadInput,
  planned: () => void,
): Promise<Written> {
  let plan = await PLANS[input.format](input);
  planned();
  try {
    try {
      return { rows: await writePlan(table, context, plan), warnings: plan.warnings };
    } catch (error) {
      if (plan.otherwise === undefined || !isRefuted(error)) throw error;
      plan = await plan.otherwise();
      return { rows: await writePlan(table, context, plan), warnings: plan.warnings };
    }
  } catch (error) {
    throw mayBeMisread(input, error) ? error : await explained(plan, error);
  }
}

async function writePlan(table: ConnectorTable, context: Context, plan: ReadPlan): Promise<number> {
  const { rows } = await context.writer.writeTable({
    name: table.name,
    ...(plan.select === undefined ? {} : { select: plan.select }),
    ...(plan.copy === undefined ? {} : { files: plan.copy }),
  });
  return rows;
}

/** DuckDB gives each thread so much of a CSV file at a time. */
const SHARE_OF_A_THREAD = 8_000_000;

/**
 * A thread of DuckDB that begins between quotes may take what stands there for lines. When all shares are read it finds
 * that they do not meet, so nothing of it is published, but what it says of a value or a line may be wrong.
 */
function mayBeMisread({ format, files, sequential }: ReadInput, error: unknown): boolean {
  if (sequential === true || (format !== 'csv' && format !== 'tsv') || isAgnesError(error)) return false;
  if (!(error instanceof Error) || !/^(Conversion|Invalid Input|Not implemented) Error/.test(error.message))
    return false;
  return files.some(({ path, size }) => size > SHARE_OF_A_THREAD || /\.(gz|zst)$/i.test(path));
}

/** Only what DuckDB says of values is explained: reading on when memory or disk is full would not end better. */
async function explained(plan: ReadPlan, error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !/^Conversion Error/.test(error.message)) return error;
  return (await plan.explain?.()) ?? error;
}

function noRows(files: readonly SourceFile[]): ConnectorWarning {
  const what =
    files.length === 1 ? `${files[0]?.path} has` : `${files[0]?.path} and ${files.length - 1} more files have`;
  return {
    code: 'no_rows',
    message: `${what} no row; the table is empty.`,
    hint: 'Check that its source wrote it whole.',
  };
}

/** The same failure, with the names of the files that people know. */
function renamed(error: unknown, named: (text: string) => string): unknown {
  if (!isAgnesError(error)) return error;
  const details = JSON.parse(named(JSON.stringify(error.details ?? {}))) as Record<string, unknown>;
  const { code, message, hint, cause } = error;
  return new AgnesError(code, named(message), { ...(hint === undefined ? {} : { hint }), details, cause });
}

function totalSize(files: readonly SourceFile[]): number {
  return files.reduce((sum, file) => sum + file.size, 0);
}
