import type { PulledTable, WorkspaceState } from '../workspace/state.ts';
import type { Manifest, ManifestTable } from './manifest.ts';

/** A part that is not in the store, and the tables that wait for it. */
export interface MissingPart {
  readonly sha256: string;
  readonly bytes: number;
  readonly tables: readonly string[];
}

export interface PlannedTable {
  readonly name: string;
  /** `keep`: the workspace has this version. */
  readonly change: 'keep' | 'update' | 'new';
  readonly table: PulledTable;
}

export interface Removal {
  readonly table: string;
  readonly reason: string;
}

/** What a pull has to do, by comparing what the server grants with what the workspace has. */
export interface Plan {
  readonly tables: readonly PlannedTable[];
  readonly removed: readonly Removal[];
  /** Granted, but not on this laptop: name and why. */
  readonly elsewhere: ReadonlyMap<string, string>;
  readonly missing: readonly MissingPart[];
  /** Whether the local database has to be built again. */
  readonly rebuild: boolean;
}

export interface PlanInput {
  readonly manifest: Manifest;
  /** What the workspace has, undefined before its first pull or when the database is gone. */
  readonly state: WorkspaceState | undefined;
  /** The folder that views would point into. */
  readonly store: string;
  /** Whether a part of this size is in the store. */
  readonly has: (sha256: string, bytes: number) => boolean;
  readonly skipMaterialize: boolean;
}

/** Decides a pull. Pure: the same input gives the same plan. */
export function planPull({ manifest, state, store, has, skipMaterialize }: PlanInput): Plan {
  const before = new Map(Object.entries(state?.tables ?? {}));
  const tables: PlannedTable[] = [];
  const elsewhere = new Map<string, string>();

  for (const [name, entry] of Object.entries(manifest.tables)) {
    const reason = whyElsewhere(entry);
    const old = before.get(name);
    if (reason !== undefined) {
      elsewhere.set(name, reason);
    } else if (skipMaterialize && entry.query_mode === 'materialized') {
      if (old === undefined) elsewhere.set(name, 'skipped by --skip-materialize');
      else tables.push({ name, change: 'keep', table: old });
    } else {
      const table = pulledTable(entry);
      tables.push({ name, change: old === undefined ? 'new' : sameData(old, table) ? 'keep' : 'update', table });
    }
  }

  const planned = new Set(tables.map(({ name }) => name));
  const removed = [...before]
    .filter(([name]) => !planned.has(name))
    .map(([name, old]) => ({ table: name, reason: whyRemoved(name, old, manifest) }));
  const missing = missingParts(tables, has);
  const rebuild =
    state === undefined ||
    state.store !== store ||
    removed.length > 0 ||
    missing.length > 0 ||
    tables.some(({ change }) => change !== 'keep');
  return { tables, removed, elsewhere, missing, rebuild };
}

function whyElsewhere(entry: ManifestTable): string | undefined {
  if (entry.query_mode === 'remote') return 'stays in its warehouse';
  if (entry.policy !== undefined) return 'on the server only: a policy shows you a part of it (agnes query --remote)';
  if (entry.distribution === 'server_only') return entry.reason ?? 'stays on the server';
  return undefined;
}

function whyRemoved(name: string, old: PulledTable, manifest: Manifest): string {
  const entry = manifest.tables[name];
  if (entry !== undefined) return `now ${whyElsewhere(entry) ?? 'elsewhere'}`;
  const renamed = Object.entries(manifest.tables).find(([, other]) => other.id === old.id);
  return renamed === undefined ? 'no longer granted or published' : `now called ${renamed[0]}`;
}

function pulledTable(entry: ManifestTable): PulledTable {
  return {
    id: entry.id,
    version: entry.version?.id ?? null,
    // Null only where no files come.
    rows: entry.rows ?? 0,
    updated: entry.updated,
    columns: entry.columns.map(({ name, type }) => ({ name, type })),
    parts: entry.parts.map(({ sha256, bytes }) => ({ sha256, bytes })),
  };
}

/** Whether readers would see no difference: same table, same parts in the same order, same columns. */
function sameData(old: PulledTable, next: PulledTable): boolean {
  return (
    old.id === next.id &&
    old.version === next.version &&
    JSON.stringify([old.parts, old.columns]) === JSON.stringify([next.parts, next.columns])
  );
}

function missingParts(tables: readonly PlannedTable[], has: PlanInput['has']): MissingPart[] {
  const missing = new Map<string, { sha256: string; bytes: number; tables: string[] }>();
  for (const { name, table } of tables) {
    for (const { sha256, bytes } of table.parts) {
      const known = missing.get(sha256);
      if (known !== undefined) {
        if (!known.tables.includes(name)) known.tables.push(name);
      } else if (!has(sha256, bytes)) {
        missing.set(sha256, { sha256, bytes, tables: [name] });
      }
    }
  }
  return [...missing.values()];
}
