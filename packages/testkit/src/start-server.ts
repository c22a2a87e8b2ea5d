import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BundledProgram } from './bundle-program.ts';
import { repositoryRoot } from './repository.ts';
import { type Exit, minimalEnvironment, type RunningProcess, startProcess } from './start-process.ts';
import { type TemporaryFolder, temporaryFolder } from './temporary-folder.ts';
import { testState } from './test-database.ts';

export interface ServerOptions {
  /** Added to what the server gets: DATA_DIR, HOST, PORT and the seeded admin. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where the server keeps its data; without it a temporary folder, removed at the end. */
  readonly dataDir?: string;
  /** What runs, in the place of the sources; see `bundleProgram`. */
  readonly program?: Pick<BundledProgram, 'args' | 'env'>;
  /** Leaves the data folder after the end. A given `dataDir` always stays. */
  readonly keep?: boolean;
}

/** A real server process on a free port of this machine. Ends with `await using`. */
export interface RunningServer extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  readonly dataDir: string;
  /** The administrator that the server was seeded with. */
  readonly admin: { readonly email: string; readonly password: string };
  /** Everything the server has written to stdout and stderr since its first start. */
  log(): string;
  /** Sends the signal (SIGKILL by default) and waits for the end. */
  kill(signal?: NodeJS.Signals): Promise<Exit>;
  /** SIGTERM, and an error when the server does not end in time. */
  stop(): Promise<Exit>;
  /** Stops the server when it runs and starts it again: same data, same port. */
  restart(env?: Readonly<Record<string, string>>): Promise<void>;
}

/** The source of `agnes-server`. */
export const serverEntry = join(repositoryRoot, 'apps', 'server', 'src', 'main.ts');

/** Starts `agnes-server` from its sources and waits until it is ready. */
export async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  const folder: TemporaryFolder | undefined =
    options.dataDir === undefined ? await temporaryFolder('agnes-server-') : undefined;
  const dataDir = options.dataDir ?? folder?.path ?? '';
  await mkdir(dataDir, { recursive: true });
  const admin = { email: 'admin@example.com', password: randomBytes(12).toString('base64url') };
  let env: Record<string, string> = {
    ...minimalEnvironment(),
    ...options.program?.env,
    HOST: '127.0.0.1',
    PORT: '0',
    DATA_DIR: dataDir,
    SEED_ADMIN_EMAIL: admin.email,
    SEED_ADMIN_PASSWORD: admin.password,
    ...(await stateEnvironment(dataDir)),
    ...options.env,
  };
  const args = options.program?.args ?? ['--conditions=@agnes/source', serverEntry];
  let earlierLog = '';
  let current: Running;
  const log = (): string => earlierLog + logOf(current.process);
  const remove = async (): Promise<void> => {
    if (options.keep !== true) await folder?.[Symbol.asyncDispose]();
  };
  try {
    current = await launch(args, env);
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    get url() {
      return current.url;
    },
    get pid() {
      return current.process.pid;
    },
    dataDir,
    admin,
    log,
    kill: (signal = 'SIGKILL') => current.process.kill(signal),
    stop: () => current.process.stop(),
    async restart(changed = {}) {
      if (current.process.isRunning()) await current.process.stop();
      earlierLog = log();
      env = { ...env, PORT: new URL(current.url).port, ...changed };
      current = await launch(args, env);
    },
    async [Symbol.asyncDispose]() {
      await current.process[Symbol.asyncDispose]();
      await remove();
    },
  };
}

/** With `AGNES_TEST_STATE=postgres` a new database for the state, unless the test names another, or '' for the file. */
async function stateEnvironment(dataDir: string): Promise<Record<string, string>> {
  const state = await testState(dataDir);
  return 'url' in state ? { AGNES_STATE_URL: state.url } : {};
}

interface Running {
  readonly process: RunningProcess;
  readonly url: string;
}

async function launch(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Running> {
  const process_ = await startProcess(process.execPath, [...args, 'start'], {
    cwd: env.DATA_DIR ?? repositoryRoot,
    env,
  });
  try {
    const line = await process_.waitForLine((text) => listeningUrl(text) !== undefined);
    const url = listeningUrl(line) ?? '';
    await waitUntilReady(url, process_);
    return { process: process_, url };
  } catch (error) {
    await process_[Symbol.asyncDispose]();
    throw error;
  }
}

/** The server says where it listens by one JSON line: `{"event":"listening","url":"http://127.0.0.1:8000"}`. */
function listeningUrl(line: string): string | undefined {
  if (!line.startsWith('{')) return undefined;
  const message = JSON.parse(line) as { event?: unknown; url?: unknown };
  return message.event === 'listening' && typeof message.url === 'string' ? message.url : undefined;
}

async function waitUntilReady(url: string, server: RunningProcess): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const response = await fetch(new URL('/readyz', url));
    await response.body?.cancel();
    if (response.ok) return;
    if (!server.isRunning() || Date.now() > deadline) {
      throw new Error(`The server is not ready (${response.status}); its log:\n${logOf(server)}`);
    }
    await sleep(20);
  }
}

function logOf(server: RunningProcess): string {
  return server.stdout() + server.stderr();
}
