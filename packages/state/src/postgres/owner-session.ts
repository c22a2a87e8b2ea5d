import { AgnesError } from '@agnes/errors';
import { Client } from 'pg';
import type { Executor } from '../session.ts';
import { inTransaction } from '../transaction.ts';
import { runStatement, translate } from './statement.ts';
import { nameOf, sessionUrl } from './url.ts';

/**
 * The one session that writes, and that holds the owner lock: an advisory lock of the session, which the database frees when
 * the session ends, however it ends. Every write runs on this session, so no process that has lost the lock can write.
 */
export interface OwnerSession {
  transaction<T>(work: (executor: Executor) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** The name of the lock, as two numbers; `agns` in ASCII is the first. */
const LOCK = '1634168435, 1';
const CONNECT_WITHIN_MS = 10_000;
/** The session of a process that was killed a moment ago may still be there. */
const PATIENCE_MS = 2000;
const RETRY_MS = 50;

/** Connects and takes the lock. Throws `state_locked`, which names the holder, `unavailable` or `invalid_config`. */
export async function openOwnerSession(url: string): Promise<OwnerSession> {
  let current: Client | undefined = await openLocked(url);
  let closed = false;

  const live = async (): Promise<Client> => {
    if (closed) throw new Error('The state database is closed.');
    if (current === undefined || lost.has(current)) {
      current = undefined;
      current = await openLocked(url);
    }
    return current;
  };
  return {
    async transaction(work) {
      const client = await live();
      const command = (sql: string) => runStatement(client, sql);
      return inTransaction(
        {
          run: (sql, parameters) => runStatement(client, sql, parameters),
          begin: () => command('BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE'),
          commit: () => command('COMMIT'),
          // A session that is gone has rolled back by itself.
          rollBack: async () => (lost.has(client) ? undefined : command('ROLLBACK')),
        },
        work,
      );
    },
    async close() {
      closed = true;
      if (current !== undefined) await end(current);
    },
  };
}

/** Clients whose session is over. */
const lost = new WeakSet<Client>();

async function openLocked(url: string): Promise<Client> {
  const client = new Client({
    connectionString: sessionUrl(url, { readOnly: false }),
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    keepAlive: true,
  });
  client.on('error', () => lost.add(client));
  client.on('end', () => lost.add(client));
  try {
    await client.connect();
  } catch (error) {
    throw openFailed(url, error);
  }
  try {
    await takeLock(client, url);
    return client;
  } catch (error) {
    await end(client);
    throw error;
  }
}

async function takeLock(client: Client, url: string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const { rows } = await runStatement(client, `SELECT pg_try_advisory_lock(${LOCK})`);
    if (rows[0]?.[0] === true) return;
    if (performance.now() > deadline) break;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
  const owner = await holderOf(client);
  throw new AgnesError('state_locked', `The state database ${nameOf(url)} is in use by ${owner}.`, {
    hint: 'Stop that process first: one server at a time may use a state database.',
    details: { owner },
  });
}

async function holderOf(client: Client): Promise<string> {
  const { rows } = await runStatement(
    client,
    `SELECT a.application_name, a.backend_start FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
     WHERE l.locktype = 'advisory' AND l.granted AND (l.classid, l.objid) = (${LOCK})
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  const [name, since] = rows[0] ?? [];
  if (typeof name !== 'string' || name === '') return 'another process';
  return since instanceof Date ? `${name} since ${since.toISOString()}` : name;
}

async function end(client: Client): Promise<void> {
  if (lost.has(client)) return;
  await client.end();
}

/** A wrong address or password is put right in the configuration; a server that does not answer is not. */
function openFailed(url: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reason = error instanceof Error ? error.message || code : String(error);
  if (/^(28|3D|42501)/.test(code) || /SASL|password/i.test(reason)) {
    return new AgnesError('invalid_config', `The state database ${nameOf(url)} refuses the server: ${reason}`, {
      hint: 'Correct user, password and database in AGNES_STATE_URL, and make the database when it is not there.',
    });
  }
  const translated = translate(error);
  if (translated instanceof AgnesError) return translated;
  return new AgnesError('unavailable', `The state database ${nameOf(url)} cannot be reached: ${reason}`, {
    hint: 'Look whether the database server runs, and whether AGNES_STATE_URL names it.',
  });
}
