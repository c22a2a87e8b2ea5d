import type { Connection } from './connection.ts';
import { quoteLiteral, quoteLiteralList } from './quote.ts';

export interface SandboxOptions {
  /** Folders whose files may be read and written. */
  readonly allowedDirectories?: readonly string[];
  /** Single files that may be read (and overwritten: DuckDB does not tell the two apart). */
  readonly allowedPaths?: readonly string[];
  /** For example `512MB`. Does not hold inside one scalar call: cap the process from outside too. */
  readonly memoryLimit?: string;
  readonly threads?: number;
  /** Where operators spill; without it they cannot. */
  readonly tempDirectory?: string;
  /** For example `2GB`. */
  readonly maxTempSize?: string;
}

/**
 * Closes the whole database instance, for good: no file, network or extension but what the options name, and no setting can
 * be changed again. Settings alone do not make foreign SQL safe: gate the statement, check its plan, and cap the process from outside.
 */
export async function enterSandbox(connection: Connection, options: SandboxOptions = {}): Promise<void> {
  await limitResources(connection, options);
  await closeSandbox(connection, options);
}

/** The part of {@link enterSandbox} that can be done before anybody knows which files will be needed. */
export async function limitResources(connection: Connection, options: SandboxOptions): Promise<void> {
  await set(connection, [
    ['memory_limit', options.memoryLimit && quoteLiteral(options.memoryLimit)],
    ['threads', options.threads === undefined ? undefined : String(Math.max(1, Math.trunc(options.threads)))],
    ['temp_directory', quoteLiteral(options.tempDirectory ?? '')],
    ['max_temp_directory_size', options.maxTempSize && quoteLiteral(options.maxTempSize)],
    ['allow_community_extensions', 'false'],
    ['autoinstall_known_extensions', 'false'],
    ['autoload_known_extensions', 'false'],
  ]);
}

/** The rest of it: after this nothing else can be reached, and nothing can be set. */
export async function closeSandbox(
  connection: Connection,
  { allowedDirectories, allowedPaths }: Pick<SandboxOptions, 'allowedDirectories' | 'allowedPaths'>,
): Promise<void> {
  await set(connection, [
    ['allowed_directories', allowedDirectories && quoteLiteralList(allowedDirectories)],
    ['allowed_paths', allowedPaths && quoteLiteralList(allowedPaths)],
    ['enable_external_access', 'false'],
    ['lock_configuration', 'true'],
  ]);
}

async function set(connection: Connection, settings: readonly [string, string | undefined][]): Promise<void> {
  const statements = settings.flatMap(([name, value]) => (value === undefined ? [] : `SET GLOBAL ${name} = ${value}`));
  await connection.run(statements.join('; '));
}
