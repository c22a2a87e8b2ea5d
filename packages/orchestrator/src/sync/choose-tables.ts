import type { RegisteredTable } from '@agnes/catalog';
import { isAgnesError } from '@agnes/errors';
import { isDue, nextDue, parseSchedule, type Schedule } from '@agnes/schedule';
import type { ConnectorProcess } from '../connector/connector-process.ts';

export interface SyncPayload {
  /** Ids or names; null: all that are due. */
  readonly tables: readonly string[] | null;
  /** All tables, due or not. */
  readonly force: boolean;
}

export interface Choice {
  /** Tables to extract, by connector. */
  readonly extract: ReadonlyMap<ConnectorProcess, readonly RegisteredTable[]>;
  /** Named tables of sources that no connector of ours fills: what is in their folder is published again. */
  readonly external: readonly RegisteredTable[];
  readonly skipped: readonly { readonly item: string; readonly reason: string }[];
}

/** Which tables a sync extracts. Named ones always; else those whose schedule says so, and those without a schedule. */
export function chooseTables(
  registered: readonly RegisteredTable[],
  connectors: readonly ConnectorProcess[],
  payload: SyncPayload,
  now: Date,
): Choice {
  const extract = new Map<ConnectorProcess, RegisteredTable[]>();
  const external: RegisteredTable[] = [];
  const skipped: { item: string; reason: string }[] = [];
  const bySource = new Map(connectors.map((connector) => [connector.source, connector]));
  const named = payload.tables === null ? undefined : namedTables(registered, payload.tables, skipped);
  for (const table of named ?? registered) {
    const connector = bySource.get(table.source);
    const reason =
      table.query_mode === 'remote'
        ? 'The table stays at its source (remote); there is nothing to extract.'
        : named === undefined && !payload.force && connector !== undefined
          ? whyNotDue(table, now)
          : undefined;
    if (reason !== undefined) skipped.push({ item: table.name, reason });
    else if (connector !== undefined) extract.set(connector, [...(extract.get(connector) ?? []), table]);
    else if (named !== undefined) external.push(table);
  }
  return { extract, external, skipped };
}

function namedTables(
  registered: readonly RegisteredTable[],
  wanted: readonly string[],
  skipped: { item: string; reason: string }[],
): RegisteredTable[] {
  const found = new Set<RegisteredTable>();
  for (const idOrName of wanted) {
    const table =
      registered.find(({ id }) => id === idOrName) ??
      registered.find(({ name }) => name.toLowerCase() === idOrName.toLowerCase());
    if (table === undefined) skipped.push({ item: idOrName, reason: 'The table is not registered any more.' });
    else found.add(table);
  }
  return [...found];
}

function whyNotDue(table: RegisteredTable, now: Date): string | undefined {
  if (table.sync_schedule === null) return undefined;
  const schedule = scheduleOf(table.sync_schedule);
  if (schedule === undefined || isDue(schedule, table.last_sync, now)) return undefined;
  return `Not due before ${nextDue(schedule, table.last_sync, now).toISOString()} (${table.sync_schedule}).`;
}

/** A schedule that cannot be read is none: the table syncs too often rather than never. */
function scheduleOf(text: string): Schedule | undefined {
  try {
    return parseSchedule(text);
  } catch (error) {
    if (isAgnesError(error, 'invalid_schedule')) return undefined;
    throw error;
  }
}
