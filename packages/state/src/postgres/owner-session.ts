import { randomUUID } from 'node:crypto';
import { AgnesError, isAgnesError } from '@agnes/errors';
import { Client } from 'pg';
import type { Executor } from '../session.ts';
import { inTransaction } from '../transaction.ts';
import { prepareSession } from './prepare-session.ts';
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
const IS_LOCK = `l.locktype = 'advisory' AND l.granted AND (l.classid, l.objid) = (${LOCK})
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
/** A setting of ours, in which Postgres takes anything. */
const MARK = 'agnes.session';
const CONNECT_WITHIN_MS = 10_000;
/** The session of a process that was killed a moment ago may still be there. */
const PATIENCE_MS = 2000;
const RETRY_MS = 50;

/** Connects and takes the lock. Throws `state_locked`, which names the holder, `unavailable` or `invalid_config`. */
export async function openOwnerSession(url: string): Promise<OwnerSession> {
  let current: Owner | undefined = await openLocked(url);
  let closed = false;

  const live = async (): Promise<Owner> => {
    if (closed) throw new Error('The state database is closed.');
    if (current === undefined || lost.has(current.session)) {
      current = undefined;
      current = await openLocked(url);
    }
    return current;
  };
  return {
    async transaction(work) {
      const client = await live();
      const command = (sql: string) => runStatement(client.session, sql);
      return inTransaction(
        {
          run: (sql, parameters) => runStatement(client.session, sql, parameters),
          begin: () => begin(client, url),
          commit: () => command('COMMIT'),
          rollBack: () => rollBack(client.session),
        },
        work,
      );
    },
    async close() {
      closed = true;
      if (current !== undefined) await end(current.session);
    },
  };
}

/** A session, and the process of the database that held the lock when it was taken. */
interface Owner {
  readonly session: Client;
  readonly backend: number;
}

/** Clients whose session is over. */
const lost = new WeakSet<Client>();

async function openLocked(url: string): Promise<Owner> {
  const session = await connect(url);
  try {
    await prepareSession(session, { readOnly: false });
    await refuseSharedSessions(session, url);
    await refuseStandby(session, url);
    await takeLock(session, url);
    return { session, backend: await backendOf(session) };
  } catch (error) {
    await end(session);
    throw error;
  }
}

async function connect(url: string): Promise<Client> {
  const client = new Client({
    connectionString: sessionUrl(url),
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    keepAlive: true,
  });
  client.on('error', () => lost.add(client));
  client.on('end', () => lost.add(client));
  try {
    await client.connect();
    return client;
  } catch (error) {
    throw openFailed(url, error);
  }
}

/** Begins a write where the lock is. A pooler that hands sessions about would put it anywhere. */
async function begin({ session, backend }: Owner, url: string): Promise<void> {
  await runStatement(session, 'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE');
  if ((await backendOf(session)) === backend) return;
  await runStatement(session, 'ROLLBACK');
  throw sharedSessions(url);
}

/** A session that is gone has rolled back by itself; it may be gone before it is known to be. */
async function rollBack(session: Client): Promise<void> {
  if (lost.has(session)) return;
  try {
    await runStatement(session, 'ROLLBACK');
  } catch (error) {
    if (!isAgnesError(error, 'unavailable')) throw error;
    lost.add(session);
  }
}

async function backendOf(client: Client): Promise<number> {
  const { rows } = await runStatement(client, 'SELECT pg_backend_pid()');
  return Number(rows[0]?.[0]);
}

/**
 * Refuses a pooler that gives a session away between transactions: the lock would stay with a session that others use too.
 * What one session sets must still be there in its next transaction, and must not be seen from another.
 */
async function refuseSharedSessions(session: Client, url: string): Promise<void> {
  const mark = randomUUID();
  const seenFrom = async (client: Client): Promise<unknown> =>
    (await runStatement(client, `SELECT current_setting('${MARK}', true)`)).rows[0]?.[0];
  await runStatement(session, `SELECT set_config('${MARK}', $1, false)`, [mark]);
  const other = await connect(url);
  try {
    if ((await seenFrom(other)) === mark || (await seenFrom(session)) !== mark) throw sharedSessions(url);
  } finally {
    await end(other);
  }
}

/** A copy that follows another database takes no writes, and would say so only at the first one. */
async function refuseStandby(session: Client, url: string): Promise<void> {
  const { rows } = await runStatement(session, 'SELECT pg_is_in_recovery()');
  if (rows[0]?.[0] !== true) return;
  throw new AgnesError('unavailable', `The state database ${nameOf(url)} is a standby, which takes no writes.`, {
    hint: 'Let AGNES_STATE_URL name the primary; a standby that is promoted is taken as it is.',
  });
}

function sharedSessions(url: string): AgnesError {
  return new AgnesError('invalid_config', `A pooler at ${nameOf(url)} hands sessions from one client to another.`, {
    hint: 'Set its pool_mode for this database to session, or let AGNES_STATE_URL name the database itself.',
  });
}

async function takeLock(client: Client, url: string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  // A session may take its own lock again, and again; so one that has it already was somebody else's before.
  if (await holdsLock(client)) throw sharedSessions(url);
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

async function holdsLock(client: Client): Promise<boolean> {
  const { rows } = await runStatement(client, `SELECT 1 FROM pg_locks l WHERE l.pid = pg_backend_pid() AND ${IS_LOCK}`);
  return rows.length > 0;
}

async function holderOf(client: Client): Promise<string> {
  const { rows } = await runStatement(
    client,
    `SELECT a.application_name, a.backend_start FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
     WHERE ${IS_LOCK}`,
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
  if (/^(28|3D|42501)/.test(code) || /SASL|password|SSL|certificate|altname/i.test(reason)) {
    return new AgnesError('invalid_config', `The state database ${nameOf(url)} refuses the server: ${reason}`, {
      hint: 'Correct user, password, database and sslmode in AGNES_STATE_URL, and make the database when it is not there.',
    });
  }
  const translated = translate(error);
  if (translated instanceof AgnesError) return translated;
  return new AgnesError('unavailable', `The state database ${nameOf(url)} cannot be reached: ${reason}`, {
    hint: 'Look whether the database server runs, and whether AGNES_STATE_URL names it.',
  });
}
