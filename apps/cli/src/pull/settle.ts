import type { AgnesError } from '@agnes/errors';
import { type PulledTable, prepareState, settleState, type WorkspaceState } from '../workspace/state.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { Built, TableFiles, ViewPlan } from './build-database.ts';
import { commitDatabase } from './commit.ts';
import type { Manifest } from './manifest.ts';
import type { Plan, PlannedTable } from './plan.ts';
import { hasPart, partPath, type Store } from './store.ts';

export interface SettleInput {
  readonly workspace: Workspace;
  readonly server: string;
  readonly store: Store;
  readonly manifest: Manifest;
  readonly etag: string | null;
  readonly state: WorkspaceState | undefined;
  readonly plan: Plan;
  readonly failedParts: ReadonlyMap<string, AgnesError>;
}

/** A table that did not get its new version. */
export interface TableError {
  readonly table: string;
  readonly code: string;
  readonly message: string;
}

export interface Settled {
  readonly state: WorkspaceState;
  readonly errors: readonly TableError[];
  readonly shadowed: readonly string[];
}

/** Commits what has arrived: a table with a part that failed stays at its old version, the others move on. */
export async function settle(input: SettleInput): Promise<Settled> {
  const errors: TableError[] = [];
  const tables: { name: string; table: PulledTable }[] = [];
  for (const planned of input.plan.tables) {
    const error = errorOf(planned, input.failedParts);
    if (error !== undefined) errors.push(error);
    const table = error === undefined ? planned.table : await oldVersion(planned.name, input);
    if (table !== undefined) tables.push({ name: planned.name, table });
  }
  const state = (kept: typeof tables, whole: boolean): WorkspaceState => ({
    format: 1,
    server: input.server,
    store: input.store.root,
    etag: whole ? input.etag : null,
    data_version: input.manifest.data_version,
    pulled_at: new Date().toISOString(),
    tables: Object.fromEntries(kept.map(({ name, table }) => [name, table])),
    elsewhere: Object.fromEntries(input.plan.elsewhere),
  });

  if (!input.plan.rebuild) {
    const same = state(tables, true);
    await prepareState(input.workspace.root, same);
    await settleState(input.workspace.root);
    return { state: same, errors: [], shadowed: [] };
  }
  const views: ViewPlan[] = [];
  for (const { name, table } of tables) {
    const before = table === input.state?.tables[name] ? undefined : await oldVersion(name, input);
    views.push({ name, ...filesOf(table, input.store), before: before && filesOf(before, input.store) });
  }
  const stateOf = ({ failed, stayed }: Built): WorkspaceState => {
    const kept = views.flatMap(({ name, table, before }) => {
      if (!failed.has(name)) return [{ name, table }];
      return before !== undefined && stayed.has(name) ? [{ name, table: before.table }] : [];
    });
    return state(kept, errors.length === 0 && failed.size === 0);
  };
  const built = await commitDatabase(input.workspace.root, views, stateOf);
  const settled = stateOf(built);
  for (const [table, why] of built.failed) {
    errors.push({ table, code: 'table_unreadable', message: `Its files cannot be read as a table: ${why}` });
  }
  return { state: settled, errors, shadowed: built.shadowed };
}

/** Names as the contract has them; no server publishes another, and what else arrives is not made a name of anything. */
const TABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

function errorOf({ name, table }: PlannedTable, failed: SettleInput['failedParts']): TableError | undefined {
  if (!TABLE_NAME.test(name)) {
    return { table: name, code: 'invalid_identifier', message: 'The server gives it a name that no table can have.' };
  }
  for (const { sha256 } of table.parts) {
    const error = failed.get(sha256);
    if (error !== undefined) return { table: name, code: error.code, message: error.message };
  }
  return undefined;
}

/** The version that the workspace had, when its parts are still there. */
async function oldVersion(name: string, { state, store }: SettleInput): Promise<PulledTable | undefined> {
  const old = state?.tables[name];
  for (const { sha256, bytes } of old?.parts ?? []) {
    if (!(await hasPart(store, sha256, bytes))) return undefined;
  }
  return old;
}

function filesOf(table: PulledTable, store: Store): TableFiles {
  return { table, paths: table.parts.map(({ sha256 }) => partPath(store, sha256)) };
}
