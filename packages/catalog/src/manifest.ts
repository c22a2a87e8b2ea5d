import { createHash } from 'node:crypto';
import type { EffectivePolicy, TableAccess } from '@agnes/rbac';
import type { ColumnEntry } from '@agnes/state';
import { type Pieces, SharedText } from './manifest-text.ts';
import { type CurrentTable, type Snapshot, serverOnlyReason } from './snapshot.ts';
import type { QueryMode } from './table.ts';

/** The manifest of one caller, ready to be sent. */
export interface Manifest {
  /** Strong, with its quotes: changes with the data version and with what the caller may read. */
  readonly etag: string;
  /** The JSON text in UTF-8. `server_time` is of this answer and not part of the ETag. */
  plain(): Pieces;
  gzipped(): Promise<Pieces>;
}

/** A table in a manifest, on the wire. */
interface ManifestTable {
  readonly hash: string;
  readonly updated: string;
  /** Null where the caller sees a part of the table only. */
  readonly size_bytes: number | null;
  readonly rows: number | null;
  readonly query_mode: QueryMode;
  readonly source_type: string;
  readonly id: string;
  readonly version: { readonly id: string; readonly created_at: string };
  readonly distribution: 'files' | 'server_only';
  readonly reason?: string;
  readonly policy?: string;
  readonly parts: readonly {
    readonly sha256: string;
    readonly bytes: number;
    readonly rows: number;
    readonly partition?: string;
    readonly writer: string;
  }[];
  readonly columns: readonly ColumnEntry[];
}

/** Bytes of manifests of one data version that are kept; what was not asked for longest goes first. */
const MOST_KEPT = 64 * 1024 ** 2;

/** Makes manifests, and keeps what callers with the same tables share. */
export class Manifests {
  #snapshot: Snapshot | undefined;
  /** Entries of tables that are seen whole, by table. */
  #entries = new Map<string, string>();
  /** What somebody may read is one object while it holds, so asking again costs no more than this. */
  #etags = new WeakMap<TableAccess, string>();
  /** JSON texts up to the server's time, by ETag. */
  #heads = new Map<string, SharedText>();
  #kept = 0;

  /** The manifest of a caller who may read these tables. */
  of(snapshot: Snapshot, access: TableAccess, now: Date): Manifest {
    if (this.#snapshot !== snapshot) {
      this.#snapshot = snapshot;
      this.#entries = new Map();
      this.#etags = new WeakMap();
      this.#heads = new Map();
      this.#kept = 0;
    }
    const etag = this.#etags.get(access) ?? this.#make(snapshot, access).etag;
    const headOf = (): SharedText => this.#headOf(etag) ?? this.#make(snapshot, access).head;
    const end = `${JSON.stringify(now.toISOString())}}`;
    return { etag, plain: () => headOf().plain(end), gzipped: () => headOf().gzipped(end) };
  }

  #make(snapshot: Snapshot, access: TableAccess): { etag: string; head: SharedText } {
    const entries: string[] = [];
    for (const current of snapshot.current.values()) {
      const { id } = current.table;
      if (access.readable !== 'all' && !access.readable.has(id)) continue;
      const policy = access.policies.get(id);
      entries.push(policy === undefined ? this.#entryOf(snapshot, current) : entryOf(current, policy));
    }
    const version = JSON.stringify(String(snapshot.dataVersion));
    const text = `{"format":1,"data_version":${version},"tables":{${entries.join(',')}},"assets":{},"server_time":`;
    // Of the whole text and not of the version alone, which repeats after the state was restored from a snapshot.
    const etag = `"${createHash('sha256').update(text).digest('hex').slice(0, 32)}"`;
    const head = new SharedText(text);
    // The snapshot may have been replaced since; then this manifest is sent and not kept.
    if (this.#snapshot === snapshot) {
      this.#etags.set(access, etag);
      this.#keep(etag, head);
    }
    return { etag, head };
  }

  #entryOf(snapshot: Snapshot, current: CurrentTable): string {
    if (this.#snapshot !== snapshot) return entryOf(current);
    const { id } = current.table;
    const known = this.#entries.get(id);
    if (known !== undefined) return known;
    const entry = entryOf(current);
    this.#entries.set(id, entry);
    return entry;
  }

  #headOf(etag: string): SharedText | undefined {
    const head = this.#heads.get(etag);
    if (head === undefined) return undefined;
    // Deleted and set again: the first key of a map is then the one that was used longest ago.
    this.#heads.delete(etag);
    this.#heads.set(etag, head);
    return head;
  }

  #keep(etag: string, head: SharedText): void {
    if (this.#headOf(etag) !== undefined) return;
    this.#heads.set(etag, head);
    this.#kept += head.size;
    for (const [oldest, text] of this.#heads) {
      if (this.#kept <= MOST_KEPT || oldest === etag) break;
      this.#heads.delete(oldest);
      this.#kept -= text.size;
    }
  }
}

function entryOf({ table, version }: CurrentTable, policy?: EffectivePolicy): string {
  const reason = policy === undefined ? serverOnlyReason(table) : 'policy';
  const entry: ManifestTable = {
    hash: '',
    updated: version.created_at.toISOString(),
    size_bytes: policy === undefined ? version.size_bytes : null,
    rows: policy === undefined ? version.rows : null,
    query_mode: table.query_mode,
    source_type: table.source_type,
    id: table.id,
    version: { id: version.id, created_at: version.created_at.toISOString() },
    ...(reason === undefined ? { distribution: 'files' } : { distribution: 'server_only', reason }),
    ...(policy === undefined ? {} : { policy: policy.id }),
    parts: reason === undefined ? version.parts.map(partOf) : [],
    columns: version.columns,
  };
  return `${JSON.stringify(table.name)}:${JSON.stringify(entry)}`;
}

function partOf({ sha256, size_bytes, rows, partition, writer }: CurrentTable['version']['parts'][number]) {
  return { sha256, bytes: size_bytes, rows, ...(partition === null ? {} : { partition }), writer };
}
