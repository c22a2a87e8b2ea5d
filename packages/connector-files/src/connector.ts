import { mkdtemp, rm } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { AgnesError } from '@agnes/errors';
import { type ConnectorContext, type ConnectorTable, defineConnector } from '@agnes/extract-contract';
import { assertTypes } from './column-types.ts';
import { type FilesConfig, type Format, filesConfig, optionsOf } from './config.ts';
import { planCsv } from './csv.ts';
import { readFailure } from './failures.ts';
import { commonFormat, findFiles, type SourceFile } from './find-files.ts';
import { planJson } from './json.ts';
import { planParquet } from './parquet.ts';
import type { ReadInput, ReadPlan } from './read-plan.ts';
import { reportProgress } from './report-progress.ts';

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
    const files = await findFiles(patternOf(table), context.config.roots);
    const options = optionsOf(table);
    const format = commonFormat(files, options.format);
    context.log('info', `${table.name}: ${files.length} ${format} file(s), ${sizeOf(files)} bytes`);
    const scratch = await mkdtemp(join(context.request.output_dir, '.tmp-files-'));
    try {
      await writeFiles(table, context, files, format, scratch);
    } catch (error) {
      throw readFailure(error, files);
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  },
});

async function writeFiles(
  table: ConnectorTable,
  context: ConnectorContext<FilesConfig>,
  files: readonly SourceFile[],
  format: Format,
  scratch: string,
): Promise<void> {
  const { connection } = context.writer;
  const columnTypes = table.column_types ?? {};
  await assertTypes(connection, columnTypes);
  using progress = await reportProgress(connection, sizeOf(files), (done, total) =>
    context.progress(table, { done, total, unit: 'bytes' }),
  );
  const plan = await PLANS[format]({ connection, files, format, options: optionsOf(table), columnTypes, scratch });
  progress.half();
  for (const warning of plan.warnings) context.warn(table, warning);
  await context.writer.writeTable({
    name: table.name,
    ...(plan.select === undefined ? {} : { select: plan.select }),
    ...(plan.copy === undefined ? {} : { files: plan.copy }),
  });
  progress.complete();
}

/** `bucket` is a folder, `source_table` a file, folder or glob in it. Together they name what to read. */
function patternOf(table: ConnectorTable): string {
  const name = table.source_table ?? '';
  if (name === '' && (table.bucket ?? '') === '') {
    throw new AgnesError('source_file_not_found', `Table ${table.name} does not say which file it is.`, {
      hint: 'Set source_table to a file, a folder or a glob, such as orders/*.csv.',
    });
  }
  return isAbsolute(name) ? name : join(table.bucket ?? '', name);
}

function sizeOf(files: readonly SourceFile[]): number {
  return files.reduce((sum, file) => sum + file.size, 0);
}
