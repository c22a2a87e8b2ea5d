// A server with tables, groups and people, and every kind of credential that there is.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RunningServer, type ServerOptions, startServer, writeTree } from '@agnes/testkit';
import { type Call, type OperationId, operationOf, pathOf } from './declared.ts';
import { type Answer, type Line, openLine } from './http.ts';

export const PASSWORD = 'correct horse battery staple 9';
/** Where browsers find the server: what `Origin` has to say. */
export const SERVER_URL = 'http://agnes.example.com';
/** The name that the session cookie has over plain HTTP. */
export const SESSION_COOKIE = 'agnes_session';
export const SCHEDULER_TOKEN = 'scheduler-token-of-these-tests-0123456789';

/** Thousands of requests of one address in a minute; limits have tests of their own. */
const UNLIMITED = { AGNES_AUTH_RATELIMIT_ENABLED: '0' };

/** Their names occur nowhere else, so that one of them in an answer is a trace of the table. */
export const TABLES = { granted: 'zq_orders', other: 'zq_people', nobodys: 'zq_secret' } as const;

export interface Table {
  readonly id: string;
  readonly name: string;
  readonly sha256: string;
}

export interface Person {
  readonly id: string;
  readonly email: string;
  /** The token of a session that holds. */
  session: string;
}

export type Headers = Readonly<Record<string, string | readonly string[]>>;

export interface World extends AsyncDisposable {
  readonly server: RunningServer;
  readonly line: Line;
  readonly tables: Readonly<Record<keyof typeof TABLES, Table>>;
  /** The job that published the tables. */
  readonly job: string;
  /** As the seeded administrator, who does nothing else in the tests. Throws when it is refused. */
  admin(id: OperationId | (string & {}), call?: Call): Promise<Answer>;
  call(id: OperationId | (string & {}), headers: Headers, call?: Call): Promise<Answer>;
  /** A new account with a session, in these groups. */
  person(email: string, groups?: readonly string[]): Promise<Person>;
  signIn(email: string): Promise<string>;
  /** A new access token of a person; its id and its text. */
  mint(person: Person, input?: Readonly<Record<string, unknown>>): Promise<{ id: string; token: string }>;
  /** A name that nothing has yet. */
  unused(kind: string): string;
}

export const bearer = (token: string): Headers => ({ authorization: `Bearer ${token}` });

export async function startWorld(options: ServerOptions = {}): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const env = {
    AGNES_ROLE: 'api',
    SERVER_URL,
    SCHEDULER_API_TOKEN: SCHEDULER_TOKEN,
    LOG_LEVEL: 'warn',
    ...UNLIMITED,
    ...options.env,
  };
  const server = stack.use(await startServer({ ...options, env }));
  const line = stack.use(openLine(server.url));

  const call: World['call'] = (id, headers, input = {}) => {
    const operation = operationOf(id);
    const ask = { method: operation.method, path: pathOf(operation, input), headers };
    return line.ask(input.body === undefined ? ask : { ...ask, body: input.body, form: operation.form === true });
  };
  const signIn = async (email: string, password = PASSWORD): Promise<string> => {
    const answer = await call('signIn', {}, { body: { email, password } });
    if (answer.status !== 200) throw new Error(`${email} cannot sign in: ${answer.bytes}`);
    return answer.body.access_token;
  };
  const session = await signIn(server.admin.email, server.admin.password);
  const admin: World['admin'] = async (id, input) => {
    const answer = await call(id, bearer(session), input);
    if (answer.status >= 400) throw new Error(`${id} is answered with ${answer.status}: ${answer.bytes}`);
    return answer;
  };
  let used = 0;
  const unused = (kind: string): string => `${kind}-${++used}`;

  const { tables, job } = await publish(server, admin);
  for (const name of ['analysts', 'others']) await admin('createGroup', { body: { name } });
  const grant = (group_id: string, resource_id: string) =>
    admin('createGrant', { body: { group_id, resource_type: 'table', resource_id } });
  await grant('analysts', tables.granted.id);
  await grant('others', tables.other.id);

  const all = stack.move();
  return {
    server,
    line,
    tables,
    job,
    admin,
    call,
    unused,
    signIn: (email) => signIn(email),
    async person(email, groups = []) {
      const { body } = await admin('createUser', { body: { email, password: PASSWORD } });
      for (const id of groups) await admin('addMember', { params: { id }, body: { email } });
      return { id: body.id, email, session: await signIn(email) };
    },
    async mint(person, input = {}) {
      const body = { name: unused('token'), ...input };
      const answer = await call('createToken', bearer(person.session), { body });
      if (answer.status !== 201) throw new Error(`No token for ${person.email}: ${answer.bytes}`);
      return { id: answer.body.id, token: answer.body.token };
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

async function publish(server: RunningServer, admin: World['admin']): Promise<Pick<World, 'tables' | 'job'>> {
  const names = Object.entries(TABLES) as [keyof typeof TABLES, string][];
  const rows = Array.from({ length: 20 }, (_, id) => `${id},${id % 4},person${id}@example.com,${id * 10}`).join('\n');
  await writeTree(
    join(server.dataDir, 'files'),
    Object.fromEntries(names.map(([kind, name]) => [`${name}.csv`, `id,region,email,${kind}_amount\n${rows}\n`])),
  );
  for (const [, name] of names) {
    await admin('registerTable', { body: { name, source_type: 'local', source_table: `${name}.csv` } });
  }
  const job = await sync(admin);
  const { body } = await admin('syncManifest');
  const found = names.map(([kind, name]) => {
    const { id, parts } = body.tables[name];
    return [kind, { id, name, sha256: parts[0].sha256 }];
  });
  return { tables: Object.fromEntries(found), job };
}

/** Syncs everything and waits for the end. */
export async function sync(admin: World['admin']): Promise<string> {
  const { body } = await admin('triggerSync', { body: { force: true } });
  for (;;) {
    const job = await admin('getJob', { params: { id: body.job_id } });
    if (job.body.status === 'succeeded') return body.job_id;
    if (!['queued', 'running'].includes(job.body.status)) throw new Error(`The sync ended: ${job.bytes}`);
    await sleep(20);
  }
}
