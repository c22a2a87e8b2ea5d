import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectorContext, type ConnectorTable, defineConnector } from '@agnes/extract-contract';
import { assertTypes } from './column-types.ts';
import { type FilesConfig, type Format, filesConfig, optionsOf } from './config.ts';
import { planCsv } from './csv.ts';
import { readFailure } from './failures.ts';
import { commonFormat, findFiles, type SourceFile } from './find-files.ts';
import { planJson } from './json.ts';
import { planParquet } from './parquet.ts';
import { patternOf } from './place.ts';
import type { ReadInput, ReadPlan } from './read-plan.ts';
import { reportProgress } from './report-progress.ts';
import { isRefuted } from './text-guards.ts';

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
    context.log(
      'info',
      `${table.name}: ${files.length} ${format} ${files.length === 1 ? 'file' : 'files'}, ${sizeOf(files)} bytes`,
    );
    const scratch = await mkdtemp(join(tmpdir(), 'agnes-files-'));
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
  let plan = await PLANS[format]({ connection, files, format, options: optionsOf(table), columnTypes, scratch });
  progress.half();
  try {
    await writePlan(table, context, plan);
  } catch (error) {
    if (plan.otherwise === undefined || !isRefuted(error)) throw error;
    plan = await plan.otherwise();
    await writePlan(table, context, plan);
  }
  for (const warning of plan.warnings) context.warn(table, warning);
  progress.complete();
}

async function writePlan(table: ConnectorTable, context: ConnectorContext<FilesConfig>, plan: ReadPlan): Promise<void> {
  await context.writer.writeTable({
    name: table.name,
    ...(plan.select === undefined ? {} : { select: plan.select }),
    ...(plan.copy === undefined ? {} : { files: plan.copy }),
  });
}

function sizeOf(files: readonly SourceFile[]): number {
  return files.reduce((sum, file) => sum + file.size, 0);
}
