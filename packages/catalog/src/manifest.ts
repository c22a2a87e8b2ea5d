import { createHash } from 'node:crypto';
import type { ColumnEntry } from '@agnes/state';
import { type CurrentTable, type Snapshot, serverOnlyReason } from './snapshot.ts';
import type { QueryMode } from './table.ts';

/** The manifest of one caller, ready to be sent. */
export interface Manifest {
  /** Strong, with its quotes: changes with the data version and with what the caller may read. */
  readonly etag: string;
  /** The JSON text. `server_time` is of this answer and not part of the ETag. */
  readonly json: string;
}

/** A table in a manifest, on the wire. */
interface ManifestTable {
  readonly hash: string;
  readonly updated: string;
  readonly size_bytes: number;
  readonly rows: number;
  readonly query_mode: QueryMode;
  readonly source_type: string;
  readonly id: string;
  readonly version: { readonly id: string; readonly created_at: string };
  readonly distribution: 'files' | 'server_only';
  readonly reason?: string;
  readonly parts: readonly {
    readonly sha256: string;
    readonly bytes: number;
    readonly rows: number;
    readonly partition?: string;
    readonly writer: string;
  }[];
  readonly columns: readonly ColumnEntry[];
}

/** Manifests of one data version that are kept: one for each set of tables that callers may read. */
const MOST_KEPT = 64;

interface Kept {
  readonly etag: string;
  /** The JSON text up to the server's time. */
  readonly head: string;
}

/** Makes manifests, and keeps what callers with the same tables share. */
export class Manifests {
  #snapshot: Snapshot | undefined;
  #texts = new Map<string, string>();
  #kept = new Map<string, Kept>();

  /** The manifest of a caller who may read these tables. */
  of(snapshot: Snapshot, readable: ReadonlySet<string> | 'all', now: Date): Manifest {
    if (this.#snapshot !== snapshot) {
      this.#snapshot = snapshot;
      this.#texts = new Map();
      this.#kept = new Map();
    }
    const tables = [...snapshot.current.values()].filter(({ table }) => readable === 'all' || readable.has(table.id));
    const key = tables.map(({ table }) => table.id).join(' ');
    let kept = this.#kept.get(key);
    if (kept === undefined) kept = this.#make(snapshot, tables);
    // Deleted and set again: the first key of a map is then the one that was used longest ago.
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST_KEPT && oldest !== undefined) this.#kept.delete(oldest);
    return { etag: kept.etag, json: `${kept.head}${JSON.stringify(now.toISOString())}}` };
  }

  #make(snapshot: Snapshot, tables: readonly CurrentTable[]): Kept {
    const entries = tables.map((current) => {
      const text = this.#texts.get(current.table.id) ?? entryOf(current);
      this.#texts.set(current.table.id, text);
      return text;
    });
    const version = JSON.stringify(String(snapshot.dataVersion));
    const head = `{"format":1,"data_version":${version},"tables":{${entries.join(',')}},"assets":{},"server_time":`;
    // Of the whole text and not of the version alone, which repeats after the state was restored from a snapshot.
    return { etag: `"${createHash('sha256').update(head).digest('hex').slice(0, 32)}"`, head };
  }
}

function entryOf({ table, version }: CurrentTable): string {
  const reason = serverOnlyReason(table);
  const entry: ManifestTable = {
    hash: '',
    updated: version.created_at.toISOString(),
    size_bytes: version.size_bytes,
    rows: version.rows,
    query_mode: table.query_mode,
    source_type: table.source_type,
    id: table.id,
    version: { id: version.id, created_at: version.created_at.toISOString() },
    ...(reason === undefined ? { distribution: 'files' } : { distribution: 'server_only', reason }),
    parts: reason === undefined ? version.parts.map(partOf) : [],
    columns: version.columns,
  };
  return `${JSON.stringify(table.name)}:${JSON.stringify(entry)}`;
}

function partOf({ sha256, size_bytes, rows, partition, writer }: CurrentTable['version']['parts'][number]) {
  return { sha256, bytes: size_bytes, rows, ...(partition === null ? {} : { partition }), writer };
}
