import type { WorkspaceState } from '../workspace/state.ts';
import type { Downloaded } from './download.ts';
import type { Plan, Removal } from './plan.ts';
import type { Settled, TableError } from './settle.ts';

/** What a pull did, as `agnes pull --json` prints it. */
export interface PullOutcome {
  /** Tables that came to a new version. */
  readonly tables_updated: number;
  readonly updated: readonly string[];
  /** Tables that the workspace has now. */
  readonly tables_total: number;
  readonly removed: readonly Removal[];
  /** Granted, but not on this laptop. */
  readonly skipped: readonly { readonly table: string; readonly reason: string }[];
  /** Rows of all tables that the workspace has. */
  readonly rows: number;
  /** Files and bytes that came over the network; in a dry run, that would come. */
  readonly files: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly errors: readonly TableError[];
  readonly warnings: readonly string[];
  readonly data_version: string;
  readonly dry_run: boolean;
}

export function nothingNew(state: WorkspaceState, seconds: number): PullOutcome {
  return {
    ...nothing,
    tables_total: Object.keys(state.tables).length,
    skipped: Object.entries(state.elsewhere).map(([table, reason]) => ({ table, reason })),
    rows: rowsOf(state),
    seconds,
    data_version: state.data_version,
  };
}

export function dryRunOutcome(plan: Plan, dataVersion: string, seconds: number): PullOutcome {
  const updated = plan.tables.filter(({ change }) => change !== 'keep').map(({ name }) => name);
  return {
    ...nothing,
    tables_updated: updated.length,
    updated,
    tables_total: plan.tables.length,
    removed: plan.removed,
    skipped: skippedOf(plan),
    rows: plan.tables.reduce((sum, { table }) => sum + table.rows, 0),
    files: plan.missing.length,
    bytes: plan.missing.reduce((sum, { bytes }) => sum + bytes, 0),
    seconds,
    data_version: dataVersion,
    dry_run: true,
  };
}

export function summarise(pulled: {
  plan: Plan;
  downloaded: Downloaded;
  settled: Settled;
  /** What did not go as it should and changes nothing for the tables. */
  warnings: readonly string[];
  seconds: number;
}): PullOutcome {
  const { plan, downloaded, settled, seconds } = pulled;
  const failed = new Set(settled.errors.map(({ table }) => table));
  const updated = plan.tables
    .filter(({ name, change }) => change !== 'keep' && !failed.has(name))
    .map(({ name }) => name);
  return {
    tables_updated: updated.length,
    updated,
    tables_total: Object.keys(settled.state.tables).length,
    removed: plan.removed,
    skipped: skippedOf(plan),
    rows: rowsOf(settled.state),
    files: downloaded.files,
    bytes: downloaded.bytes,
    seconds,
    errors: settled.errors,
    warnings: [
      ...settled.shadowed.map(
        (name) => `${name}: a table or view of your own has this name and stays; rename it to see the server's.`,
      ),
      ...pulled.warnings,
    ],
    data_version: settled.state.data_version,
    dry_run: false,
  };
}

const nothing = {
  tables_updated: 0,
  updated: [],
  tables_total: 0,
  removed: [],
  skipped: [],
  rows: 0,
  files: 0,
  bytes: 0,
  seconds: 0,
  errors: [],
  warnings: [],
  data_version: '',
  dry_run: false,
} as const satisfies PullOutcome;

function skippedOf(plan: Plan): PullOutcome['skipped'] {
  return [...plan.elsewhere].map(([table, reason]) => ({ table, reason }));
}

function rowsOf(state: WorkspaceState): number {
  return Object.values(state.tables).reduce((sum, { rows }) => sum + rows, 0);
}
