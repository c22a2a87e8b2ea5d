import { join } from 'node:path';
import type { Catalog, RegisteredTable } from '@agnes/catalog';
import { isErrorCode } from '@agnes/errors';
import type { JobContext, JobHandler, JobOutcome } from '@agnes/jobs';
import pLimit from 'p-limit';
import * as v from 'valibot';
import { allEnded } from '../all-ended.ts';
import type { ConnectorProcess } from '../connector/connector-process.ts';
import type { ConnectorReport, runConnector } from '../connector/run-connector.ts';
import { runPastCrashes } from '../connector/run-past-crashes.ts';
import type { Limits } from '../limits.ts';
import type { Failure, SourceReport, Warning, WorkContext } from '../report.ts';
import { type Choice, chooseTables } from './choose-tables.ts';

interface SyncSetup {
  readonly catalog: Catalog;
  readonly dataDir: string;
  readonly connectors: readonly ConnectorProcess[];
  readonly limits: Limits;
  readonly now: () => Date;
  publish(source: string, context: WorkContext, failures: readonly Failure[]): Promise<SourceReport>;
  publishAll(context: WorkContext, failures: ReadonlyMap<string, readonly Failure[]>): Promise<SourceReport[]>;
}

/** What a connector's run means for the job. */
interface Extracted {
  readonly source: string;
  readonly tables: readonly RegisteredTable[];
  readonly failures: readonly Failure[];
  readonly warnings: readonly Warning[];
}

const payloadSchema = v.pipe(
  v.nullable(v.object({ tables: v.nullish(v.array(v.string()), null), force: v.optional(v.boolean(), false) })),
  v.transform((payload) => payload ?? { tables: null, force: false }),
);

/**
 * The handler of a sync: runs the connectors of the tables that are chosen, then publishes what they and everybody else
 * left. A source that fails does not stop the others, and whatever fails, readers keep the last good version.
 */
export function createSyncHandler(setup: SyncSetup): JobHandler {
  return async (job, context) => {
    const payload = v.parse(payloadSchema, job.payload);
    const registered = await setup.catalog.list();
    const choice = chooseTables(registered, setup.connectors, payload, setup.now());
    const work: WorkContext = {
      signal: context.signal,
      jobId: job.id,
      force: payload.force,
      log: context.log,
      progress: context.progress,
    };

    const limit = pLimit(setup.limits.parallel);
    const extracted = await allEnded(
      [...choice.extract].map(([connector, tables]) => limit(() => extract(setup, connector, tables, context))),
    );
    context.signal.throwIfAborted();

    const failures = new Map(extracted.map((run) => [run.source, run.failures]));
    const reports =
      payload.tables === null
        ? await setup.publishAll(work, failures)
        : await publishSome(setup, work, choice, failures);
    context.signal.throwIfAborted();
    const still = new Set((await setup.catalog.list()).map(({ id }) => id));
    return outcomeOf(choice, extracted, reports, registered, still);
  };
}

async function publishSome(
  setup: SyncSetup,
  work: WorkContext,
  choice: Choice,
  failures: ReadonlyMap<string, readonly Failure[]>,
): Promise<SourceReport[]> {
  const sources = new Set([...failures.keys(), ...choice.external.map(({ source }) => source)]);
  const reports: SourceReport[] = [];
  for (const source of [...sources].sort()) {
    work.signal?.throwIfAborted();
    reports.push(await setup.publish(source, work, failures.get(source) ?? []));
  }
  return reports;
}

async function extract(
  setup: SyncSetup,
  connector: ConnectorProcess,
  tables: readonly RegisteredTable[],
  context: JobContext,
): Promise<Extracted> {
  const { source } = connector;
  context.signal.throwIfAborted();
  context.log('info', `${source}: extracting ${tables.length} ${tables.length === 1 ? 'table' : 'tables'}.`);
  const report = await runPastCrashes(connector, {
    outputDir: join(setup.dataDir, 'extracts', source),
    temporary: join(setup.dataDir, 'tmp', `connector-${source}-${crypto.randomUUID()}`),
    tables: tables.map(requestOf),
    drop: await setup.catalog.takenOut(source),
    timeoutMs: setup.limits.extractorTimeoutMs,
    memoryMb: setup.limits.connectorMemoryMb,
    graceMs: setup.limits.graceMs,
    signal: context.signal,
    onLog: (level, message) => context.log(level, `${source}: ${message}`),
    onProgress: ({ table, done, total, unit }) =>
      context.progress({
        message: table === undefined ? `Extracting ${source}` : `Extracting ${table}`,
        done,
        ...(total === undefined ? {} : { total }),
        unit,
      }),
  });
  const run = { source, tables, ...failuresOf(connector, tables, report) };
  for (const { item, message } of run.failures) context.log('error', `${item}: ${message}`);
  return run;
}

function requestOf(table: RegisteredTable): Parameters<typeof runConnector>[1]['tables'][number] {
  const { id, name, bucket, source_table, source_query, query_mode, sync_strategy, primary_key, column_types } = table;
  return {
    ...{ id, name, bucket, source_table, source_query, query_mode, sync_strategy, primary_key, column_types },
    last_sync: table.last_sync?.toISOString() ?? null,
  };
}

/** A table that the connector did not speak of shares the fate of the run. */
function failuresOf(
  connector: ConnectorProcess,
  tables: readonly RegisteredTable[],
  { done, failed, error }: ConnectorReport,
): Pick<Extracted, 'failures' | 'warnings'> {
  const failures: Failure[] = [];
  const warnings: Warning[] = [];
  for (const { name } of tables) {
    const failure = failed.get(name);
    if (failure !== undefined) {
      failures.push({ item: name, ...coded(failure) });
    } else if (!done.has(name)) {
      failures.push({
        item: name,
        ...(error === undefined
          ? {
              code: 'connector_failed' as const,
              message: `The connector of ${connector.source} ended well but said nothing of this table.`,
              hint: 'Look into the log of the job.',
            }
          : coded(error)),
      });
    }
    for (const warning of done.get(name)?.warnings ?? []) warnings.push(warningOf(name, warning));
  }
  if (error !== undefined && failures.length === 0) warnings.push({ item: connector.source, ...coded(error) });
  return { failures, warnings };
}

function warningOf(
  item: string,
  { code, message, hint }: { code: string; message: string; hint?: string | undefined },
): Warning {
  return { item, code, message, ...(hint === undefined ? {} : { hint }) };
}

function coded(error: { code: string; message: string; hint?: string | undefined }): Omit<Failure, 'item'> {
  return {
    code: isErrorCode(error.code) ? error.code : 'connector_failed',
    message: error.message,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  };
}

function outcomeOf(
  choice: Choice,
  extracted: readonly Extracted[],
  reports: readonly SourceReport[],
  registered: readonly RegisteredTable[],
  still: ReadonlySet<string>,
): JobOutcome {
  const byItem = new Map<string, Failure>();
  for (const report of reports) for (const failure of report.failed) byItem.set(failure.item, failure);
  for (const run of extracted) for (const failure of run.failures) byItem.set(failure.item, failure);

  const allChosen = [...extracted.flatMap(({ tables }) => tables), ...choice.external];
  const withConnector = new Set(extracted.map(({ source }) => source));
  const published = new Set(reports.flatMap((report) => report.published));
  // What an administrator took out meanwhile is no failure, whatever the sync made of it.
  const gone = allChosen.filter(({ id, name }) => !still.has(id) && !published.has(name));
  for (const { name } of gone) byItem.delete(name);
  const chosenTables = allChosen.filter((table) => !gone.includes(table));
  const chosen = chosenTables.map(({ name }) => name);
  for (const { name, source } of chosenTables) {
    // What is wrong with the source as a whole is told of each of its tables that was asked for.
    const whole = byItem.get(source);
    if (!published.has(name) && !byItem.has(name)) byItem.set(name, { ...(whole ?? NOT_WRITTEN), item: name });
  }
  for (const { source } of allChosen) byItem.delete(source);
  const changed = reports.flatMap((report) => report.changed);
  const looked = reports.filter(({ source }) => !withConnector.has(source)).flatMap((report) => report.published);
  const attempted = new Set([...chosen, ...looked, ...changed, ...byItem.keys()]);
  const skipped = [
    ...choice.skipped,
    ...gone.map(({ name }) => ({ item: name, reason: 'The table was taken out while the sync ran.' })),
    ...reports
      .flatMap((report) => report.skipped)
      .filter(({ item }) => !gone.some(({ name }) => name.toLowerCase() === item.toLowerCase())),
  ].filter(({ item }) => !attempted.has(item) || changed.includes(item));
  const withdrawn = reports.flatMap(({ source, withdrawn: names }) =>
    names.map((name) => ({
      item: name,
      code: 'table_not_published' as const,
      message: `${source} does not publish it any more; readers lose it at their next pull.`,
    })),
  );
  const kept = reports.flatMap(({ source, kept: names }) =>
    names
      .filter((name) => !byItem.has(name))
      .map((name) => ({
        item: name,
        code: 'extract_missing' as const,
        message: `The extract of ${source} does not hold it; readers keep its last good version.`,
        hint: `Sync it: agnes admin sync ${name}   (or take it out: agnes admin unregister-table ${name})`,
      })),
  );
  return {
    attempted: attempted.size,
    changed: changed.length,
    skipped: attempted.size + skipped.length === 0 ? [nothingToDo(registered)] : skipped,
    failed: [...byItem.values()].map((failure) => ({ ...failure })),
    warnings: [
      ...extracted.flatMap((run) => run.warnings),
      ...reports.flatMap((report) => report.warnings),
      ...kept,
      ...withdrawn,
    ],
    details: {
      changed,
      withdrawn: withdrawn.map(({ item }) => item),
      unchanged: [...published].filter((name) => !changed.includes(name)),
    },
  };
}

const NOT_WRITTEN = {
  code: 'publish_failed' as const,
  message: 'The table is not in the extract of its source, so there is nothing to publish.',
  hint: 'Look into the log of the job; a source that no connector fills has to write its extract itself.',
};

function nothingToDo(registered: readonly RegisteredTable[]): { item: string; reason: string } {
  return registered.length === 0
    ? { item: '*', reason: 'No table is registered and no extract was found. Register a table first.' }
    : { item: '*', reason: 'No registered table has a connector, and no extract was found.' };
}
