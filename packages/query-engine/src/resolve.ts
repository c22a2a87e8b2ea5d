import type { BlobStore } from '@agnes/blobs';
import type { Catalog, ReadableNow, TableNow, TableVersion } from '@agnes/catalog';
import { AgnesError } from '@agnes/errors';
import { type Access, isAdmin, type Principal } from '@agnes/rbac';
import { createVersionCache, type State } from '@agnes/state';
import { unknownTable } from './gate/index.ts';
import { notPublished } from './not-published.ts';
import type { PolicySource } from './policy-source.ts';
import type { WorkerTable } from './protocol.ts';
import type { Slice, Slices } from './slices.ts';
import type { UniformFiles } from './uniform-files.ts';

/** A name as a statement has it. */
export interface NamedRelation {
  readonly name: string;
  readonly position?: { readonly line: number; readonly column: number } | undefined;
}

/** Tables as one person sees them, at one moment. */
export interface Resolved {
  readonly tables: readonly WorkerTable[];
  /** Those of them that policies leave a part of only, by name. */
  readonly limited: readonly string[];
  /** Slices may be taken away from now on. */
  release(): void;
}

export interface Resolver {
  /**
   * What these names mean to somebody, by their rights at this moment and not by those that a request came with. Throws
   * `sql_unknown_table` (unknown and forbidden alike), `table_not_published`, `table_remote`, and what slices throw.
   */
  resolve(userId: string, relations: readonly NamedRelation[]): Promise<Resolved>;
  /** Whether nothing has changed that anybody's rights depend on since `resolved` was resolved. */
  holds(resolved: Resolved): Promise<boolean>;
}

export interface ResolverOptions {
  readonly state: Pick<State, 'version'>;
  readonly catalog: Pick<Catalog, 'readableNow'>;
  readonly access: Pick<Access, 'groupsOf'> & PolicySource;
  readonly blobs: Pick<BlobStore, 'path'>;
  readonly slices: Slices;
  readonly uniform: UniformFiles;
}

/** People whose groups are held. */
const MOST_HELD = 2000;

export function createResolver({ state, catalog, access, blobs, slices, uniform }: ResolverOptions): Resolver {
  const people = createVersionCache<Principal>(state, 'access_version', MOST_HELD);
  const versions = new WeakMap<Resolved, number>();

  const principalOf = (userId: string): Promise<Principal> =>
    people(userId, async () => {
      const groups = await access.groupsOf(userId);
      return { userId, groupIds: groups.map(({ id }) => id), isAdmin: isAdmin(groups) };
    });

  return {
    async resolve(userId, relations) {
      const version = await state.version('access_version');
      const principal = await principalOf(userId);
      const readable = await catalog.readableNow(principal);
      const found = new Map(relations.map((relation) => [relation.name.toLowerCase(), find(readable, relation)]));

      const held: Slice[] = [];
      const release = (): void => {
        for (const slice of held) slice.release();
      };
      try {
        const tables: WorkerTable[] = [];
        const limited: string[] = [];
        for (const now of found.values()) {
          const whole = wholeTable(now.table.name, now.version, blobs, uniform);
          const policy = await access.policyFor(principal, now.table.id);
          if (policy === undefined) tables.push(whole);
          else {
            const slice = await slices.get(now.version.id, whole, policy);
            held.push(slice);
            limited.push(whole.name);
            tables.push({ ...whole, files: [slice.path], uniform: true });
          }
        }
        const resolved: Resolved = { tables, limited, release };
        versions.set(resolved, version);
        return resolved;
      } catch (error) {
        release();
        throw error;
      }
    },
    async holds(resolved) {
      return (await state.version('access_version')) === versions.get(resolved);
    },
  };
}

/** All of a version, with nothing taken from it. */
export function wholeTable(
  name: string,
  version: TableVersion,
  blobs: Pick<BlobStore, 'path'>,
  uniform: UniformFiles,
): WorkerTable {
  const columns = version.columns.map((column) => ({ name: column.name, type: column.type }));
  const files = version.parts.map(({ sha256 }) => blobs.path(sha256));
  return { name, files, columns, uniform: uniform(version.id, { files, columns }) };
}

function find(readable: ReadableNow, relation: NamedRelation): { table: TableNow['table']; version: TableVersion } {
  const now = readable.table(relation.name);
  if (now === undefined) throw unknown(relation, readable.names());
  const { table, version } = now;
  const where = relation.position === undefined ? {} : { position: relation.position };
  if (table.query_mode === 'remote') {
    throw new AgnesError('table_remote', `'${table.name}' stays in its warehouse, which this server cannot query.`, {
      hint: 'Query it where it lies, or ask an administrator to register what you need of it as a materialized table.',
      details: { table: table.name, ...where },
    });
  }
  if (version === undefined) throw notPublished(table.name, where);
  return { table, version };
}

/** The same whether it does not exist or is not granted. */
function unknown({ name, position }: NamedRelation, names: readonly string[]): AgnesError {
  const relation = position === undefined ? { name } : { name, position };
  const { code, message, hint, nearest } = unknownTable(
    relation,
    names.map((readable) => ({ name: readable })),
  );
  return new AgnesError(code, message, {
    hint,
    details: { unknown: name, nearest, ...(position === undefined ? {} : { position }) },
  });
}
