import { join } from 'node:path';
import type { AgnesError } from '@agnes/errors';
import type { ConnectorRequest } from '@agnes/extract-contract';
import type { ConnectorProcess } from './connector-process.ts';
import { type ConnectorReport, type ConnectorRunOptions, runConnector } from './run-connector.ts';

/** A connector that dies at this many tables of one run is broken itself. */
const MOST_DEATHS = 20;

/**
 * {@link runConnector}, and again without the table at which its process died, so that one file that kills a reader does not
 * take the other tables of its source with it. The time limit is that of all runs together.
 */
export async function runPastCrashes(
  connector: ConnectorProcess,
  options: ConnectorRunOptions,
): Promise<ConnectorReport> {
  const deadline = Date.now() + options.timeoutMs;
  const done = new Map<string, NonNullable<ReturnType<ConnectorReport['done']['get']>>>();
  const failed = new Map<string, NonNullable<ReturnType<ConnectorReport['failed']['get']>>>();
  let { tables } = options;
  for (let deaths = 1; ; deaths += 1) {
    const timeoutMs = Math.max(1, deadline - Date.now());
    const report = await runConnector(connector, { ...options, tables, timeoutMs });
    for (const [name, message] of report.done) done.set(name, message);
    for (const [name, message] of report.failed) failed.set(name, message);
    const { diedAt, error } = report;
    const table = tables.find(({ name }) => name === diedAt);
    if (table === undefined || error === undefined) return { ...report, done, failed };
    failed.set(table.name, { type: 'table_failed', table: table.name, ...deathAt(table, error) });
    tables = tables.filter(({ name }) => !done.has(name) && !failed.has(name));
    if (tables.length === 0 || deaths === MOST_DEATHS || options.signal.aborted) return { done, failed, error };
    options.onLog(
      'warning',
      `It died at table ${table.name}; it is run again for the ${tables.length} tables that are left.`,
    );
  }
}

function deathAt(table: ConnectorRequest['tables'][number], error: AgnesError) {
  const place = join(table.bucket ?? '', table.source_table ?? '');
  return {
    code: 'connector_failed',
    message: `While table ${table.name}${place === '' ? '' : ` (${place})`} was read: ${error.message}`,
    hint: 'Its data is damaged, nested thousands of levels deep or larger than memory: correct or split it, then sync again.',
  } as const;
}
