import pLimit from 'p-limit';
import { type DemoFolder, writeAccounts } from './data-folder.ts';
import { CommandFailed, type Person, person } from './person.ts';
import { type Summary, size, step } from './report.ts';
import { QUESTION, SQL, TABLES, WITHHELD } from './tables.ts';

const GROUP = 'analysts';
/** The CLI's exit code for "there is one of that name": fine for a folder that an earlier demo left. */
const EXISTS = 6;

/** From registered files to an answer on a laptop. Throws CommandFailed. */
export async function runLoop({
  folder,
  server,
  signal,
}: {
  folder: DemoFolder;
  server: { readonly url: string };
  signal: AbortSignal;
}): Promise<Summary> {
  const admin = person(folder.admin.home, server.url, signal);
  const analyst = person(folder.analyst.home, server.url, signal);
  const { workspace } = folder.analyst;

  const adminToken = await step('admin', async () => {
    await signIn(admin, folder.admin);
    return { value: await createToken(admin), told: `${folder.admin.email} signed in` };
  });
  await step('register', async () => {
    await sideBySide(Object.entries(TABLES), async ([name, { file, description }]) => {
      const source = ['--source-type', 'local', '--source-table', file];
      const args = ['admin', 'register-table', name, ...source, '--description', description];
      await admin.agnes(args, { allowed: [EXISTS] });
    });
    return { value: undefined, told: `${Object.keys(TABLES).length} tables` };
  });
  await step('sync', () => sync(admin));
  await step('grant', async () => {
    await admitAnalyst(admin, folder.analyst);
    return { value: undefined, told: `${folder.analyst.email} may read all but ${WITHHELD}` };
  });
  const analystToken = await step('analyst', async () => {
    await signIn(analyst, folder.analyst);
    return { value: await createToken(analyst), told: `${folder.analyst.email} signed in` };
  });
  const pull = await step('pull', async () => {
    // --force, because in a folder of an earlier demo the workspace knows a server that is gone.
    const init = ['init', '--server-url', server.url, '--workspace', workspace, '--force'];
    const { pull } = await analyst.agnes<{ pull: Summary['pull'] }>(init, { isLong: true });
    return { value: pull, told: `${pull.files} files, ${size(pull.bytes)}` };
  });
  const tables = await step('arrived', () => inspectWorkspace(analyst, workspace));
  const rows = await step('query', async () => {
    const answer = await analyst.agnes<Summary['query']['rows']>(['query', SQL], { cwd: workspace });
    return { value: answer, told: QUESTION };
  });
  await writeAccounts(folder, server.url, { admin: adminToken, analyst: analystToken });
  const { files, bytes, seconds } = pull;
  return { tables, pull: { files, bytes, seconds }, query: { sql: SQL, rows } };
}

async function signIn(who: Person, { email, password }: { email: string; password: string }): Promise<void> {
  await who.agnes(['auth', 'login', '--email', email, '--password-stdin'], { input: password });
}

async function createToken(who: Person): Promise<string> {
  const { token } = await who.agnes<{ token: string }>(['auth', 'token', 'create', '--name', `demo ${Date.now()}`]);
  return token;
}

async function sync(admin: Person): Promise<{ value: undefined; told: string }> {
  await admin.agnes(['admin', 'sync'], { isLong: true });
  const { tables } = await admin.agnes<{ tables: { name: string; rows: number | null }[] }>(['admin', 'list-tables']);
  const empty = tables.filter(({ rows }) => rows === null).map(({ name }) => name);
  if (empty.length > 0) throw new CommandFailed(`The sync left without data: ${empty.join(', ')}.`);
  const rows = tables.reduce((sum, table) => sum + (table.rows ?? 0), 0);
  return { value: undefined, told: `${tables.length} tables, ${rows.toLocaleString('en')} rows published` };
}

async function admitAnalyst(admin: Person, { email, password }: { email: string; password: string }): Promise<void> {
  const once = { allowed: [EXISTS] };
  await admin.agnes(['admin', 'add-user', email, '--name', 'Ana'], once);
  await admin.agnes(['admin', 'set-password', email, '--password-stdin'], { input: password });
  await admin.agnes(['admin', 'group', 'create', GROUP], once);
  await admin.agnes(['admin', 'group', 'add-member', GROUP, email], once);
  const granted = Object.keys(TABLES).filter((table) => table !== WITHHELD);
  await sideBySide(granted, async (name) => {
    await admin.agnes(['admin', 'grant', 'create', GROUP, 'table', name], once);
  });
}

/** A few commands at a time; the first that fails ends the step. */
async function sideBySide<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const limit = pLimit(4);
  await Promise.all(items.map((item) => limit(() => work(item))));
}

/** What the analyst has, and that the one table which was not granted is neither there nor told of. */
async function inspectWorkspace(analyst: Person, cwd: string): Promise<{ value: Summary['tables']; told: string }> {
  const { tables } = await analyst.agnes<{ tables: Summary['tables'] }>(['status'], { cwd });
  const { code } = await analyst.attempt(['query', `SELECT * FROM ${WITHHELD}`], { cwd });
  if (code === 0 || tables.some(({ name }) => name === WITHHELD)) {
    throw new CommandFailed(`${WITHHELD} is not granted, and yet it arrived.`);
  }
  const value = tables.map(({ name, rows, parts, bytes }) => ({ name, rows, parts, bytes }));
  return { value, told: `${tables.length} tables; ${WITHHELD}, which is not granted, is not among them` };
}
