import { resolve } from 'node:path';
import { type Connection, wrapConnection } from './connection.ts';
import { loadNodeApi, type NodeApi } from './node-api.ts';

export interface OpenOptions {
  readonly readOnly?: boolean;
  /** Settings given at open, by DuckDB's names, for example `{memory_limit: '1GB', threads: '2'}`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** An open database. Closing it closes its connections, each after what it is running. */
export interface Database extends AsyncDisposable {
  connect(): Promise<Connection>;
  close(): Promise<void>;
}

/** Nothing is fetched or loaded behind our back: an extension that a statement needs is loaded by name or not at all. */
const CLOSED_BY_DEFAULT = { autoinstall_known_extensions: 'false', autoload_known_extensions: 'false' };

/**
 * Opens a database file, or a fresh in-memory database for `:memory:`. Every connection runs with TimeZone UTC and without
 * automatic extensions. Opening one file twice in a process shares one engine; the settings must then be the same.
 * Throws DuckDB's error when the file is locked by another process, missing (read-only) or no database.
 */
export async function openDatabase(path: string | ':memory:', options: OpenOptions = {}): Promise<Database> {
  const api = await loadNodeApi();
  const settings = {
    ...CLOSED_BY_DEFAULT,
    ...options.settings,
    ...(options.readOnly === true ? { access_mode: 'READ_ONLY' } : {}),
  };
  // A second DuckDBInstance.create of one file gives no error and loses data; the cache hands out the same instance.
  const instance =
    path === ':memory:'
      ? await api.DuckDBInstance.create(path, settings)
      : await api.DuckDBInstance.fromCache(resolve(path), settings);

  const open = new Set<Connection>();
  let closing: Promise<void> | undefined;
  const closeNow = async (): Promise<void> => {
    await Promise.all([...open].map((connection) => connection.close()));
    instance.closeSync();
  };
  const close = (): Promise<void> => {
    closing ??= closeNow();
    return closing;
  };

  try {
    await useUtc(api, instance);
  } catch (error) {
    await close();
    throw error;
  }

  return {
    close,
    [Symbol.asyncDispose]: close,
    async connect() {
      if (closing !== undefined) throw new Error('The database is closed.');
      const connection = wrapConnection(api, await instance.connect(), () => open.delete(connection));
      open.add(connection);
      return connection;
    },
  };
}

/** TimeZone belongs to the ICU extension, which is linked in but not yet there when settings are read at open. */
async function useUtc(api: NodeApi, instance: InstanceType<NodeApi['DuckDBInstance']>): Promise<void> {
  const connection = wrapConnection(api, await instance.connect(), () => {});
  try {
    const setting = await connection.first<{ zone: string }>("SELECT current_setting('TimeZone') AS zone");
    if (setting?.zone !== 'UTC') await connection.run("SET GLOBAL TimeZone = 'UTC'");
  } finally {
    await connection.close();
  }
}
