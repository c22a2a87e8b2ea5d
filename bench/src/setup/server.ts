import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, createClient } from '@agnes/api-client';
import { minimalEnvironment, type RunningProcess, repositoryRoot, startProcess } from '@agnes/testkit';

/** The built server as a process of its own, without the scheduler, and its administrator signed in. */
export interface Server extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  readonly token: string;
  readonly client: Client;
}

/** More than the server gives its requests, for machines that are busy. */
const STOP_MS = 60_000;

/** The same for every server of a run, so that one may be started again over its data. */
const admin = { email: 'admin@example.com', password: randomBytes(12).toString('base64url') };

export async function startServer(dataDir: string, env: Readonly<Record<string, string>> = {}): Promise<Server> {
  const entry = join(repositoryRoot, 'apps', 'server', 'dist', 'main.js');
  const server = await startProcess(process.execPath, [entry, 'start'], {
    cwd: dataDir,
    env: {
      ...minimalEnvironment(),
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      PORT: '0',
      DATA_DIR: dataDir,
      AGNES_ROLE: 'api',
      LOG_LEVEL: 'warn',
      SEED_ADMIN_EMAIL: admin.email,
      SEED_ADMIN_PASSWORD: admin.password,
      ...env,
    },
  });
  try {
    const url = await waitUntilReady(server);
    const { access_token: token } = await createClient({ server: url }).signIn({ body: admin });
    return {
      url,
      pid: server.pid,
      token,
      client: createClient({ server: url, token }),
      async [Symbol.asyncDispose]() {
        if (server.isRunning()) await server.stop(STOP_MS);
      },
    };
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

async function waitUntilReady(server: RunningProcess): Promise<string> {
  const line = await server.waitForLine((text) => text.startsWith('{"event":"listening"'));
  const { url } = JSON.parse(line) as { url: string };
  while (!(await fetch(`${url}/readyz`)).ok) await sleep(20);
  return url;
}

/** Syncs the tables, or publishes every extract that lies there. Throws unless everything went well. */
export async function sync({ client }: Server, tables: string[] | null): Promise<void> {
  const { job_id: id } = await client.triggerSync({ body: { tables, force: true } });
  for (;;) {
    const job = await client.getJob({ params: { id } });
    if (job.finished_at === null) await sleep(10);
    else if (job.status === 'succeeded') return;
    else throw new Error(`The sync ended as ${job.status}: ${JSON.stringify(job.error ?? job.outcome)}`);
  }
}
