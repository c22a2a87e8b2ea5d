import { join } from 'node:path';
import {
  type CliOptions,
  type FaultProxy,
  type Laptop,
  type RunningServer,
  startFaultProxy,
  startLaptop,
  startServer,
  temporaryFolder,
} from '@agnes/testkit';

export const ANALYST = { email: 'ana@example.com', password: 'a-long-pass-phrase-1' };

/** A server with files to read, its administrator, and an analyst whose network can fail. */
export interface Installation extends AsyncDisposable {
  readonly server: RunningServer;
  /** The folder that the files connector may read. */
  readonly files: string;
  readonly admin: Laptop;
  readonly analyst: Laptop;
  readonly network: FaultProxy;
  /** Registers and syncs tables, and grants those of `granted` to the analyst. Names are files in `files`. */
  publish(tables: Readonly<Record<string, string>>, granted: readonly string[]): Promise<void>;
}

/** Starts everything; the analyst is signed in and a member of the group `analysts`, and has no workspace yet. `env` is the server's. */
export async function startInstallation(env: Readonly<Record<string, string>> = {}): Promise<Installation> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder('agnes-files-'));
  const server = stack.use(await startServer({ env: { AGNES_FILES_ROOTS: folder.path, AGNES_ROLE: 'api', ...env } }));
  const network = stack.use(await startFaultProxy(server.url));
  const admin = stack.use(await startLaptop({ AGNES_SERVER: server.url }));
  const analyst = stack.use(await startLaptop({ AGNES_SERVER: network.url }));

  const login = (email: string): string[] => ['auth', 'login', '--email', email, '--password-stdin'];
  await json(admin, login(server.admin.email), { input: server.admin.password });
  await json(admin, ['admin', 'add-user', ANALYST.email]);
  await json(admin, ['admin', 'set-password', ANALYST.email, '--password-stdin'], { input: ANALYST.password });
  await json(admin, ['admin', 'group', 'create', 'analysts']);
  await json(admin, ['admin', 'group', 'add-member', 'analysts', ANALYST.email]);
  await json(analyst, login(ANALYST.email), { input: ANALYST.password });

  const all = stack.move();
  return {
    server,
    files: folder.path,
    admin,
    analyst,
    network,
    async publish(tables, granted) {
      for (const [name, file] of Object.entries(tables)) {
        await json(admin, ['admin', 'register-table', name, '--source-type', 'local', '--source-table', file]);
      }
      await json(admin, ['admin', 'sync', ...Object.keys(tables)]);
      for (const name of granted) await json(admin, ['admin', 'grant', 'create', 'analysts', 'table', name]);
    },
    [Symbol.asyncDispose]: () => all[Symbol.asyncDispose](),
  };
}

/** Runs a command with `--json` that has to succeed, and answers its document. */
export async function json<T = unknown>(laptop: Laptop, args: readonly string[], options?: CliOptions): Promise<T> {
  const { code, stdout, stderr } = await laptop.agnes([...args, '--json'], options);
  if (code !== 0) throw new Error(`agnes ${args.join(' ')} ended with ${code}:\n${stderr}`);
  return (stdout.trim() === '' ? undefined : JSON.parse(stdout)) as T;
}

/** The rows of a query in the analyst's workspace. */
export function query(laptop: Laptop, sql: string): Promise<Record<string, unknown>[]> {
  return json(laptop, ['query', sql]);
}

/** Makes the analyst's workspace, which pulls. */
export async function initialise({ analyst, network }: Installation): Promise<void> {
  await json(analyst, ['init', '--server-url', network.url]);
}

export function inFiles({ files }: Installation, name: string): string {
  return join(files, name);
}
