import { once } from 'node:events';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createTestDatabase,
  type RunningProcess,
  startServer,
  type TemporaryFolder,
  temporaryFolder,
} from '@agnes/testkit';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { apiOf, signIn } from '../testing/api.ts';
import { environmentFor, runCommand, startCommand } from '../testing/command.ts';

const ROUNDS = Number(process.env.AGNES_BREAK_GLASS_ROUNDS ?? '2');
// Each test starts many processes.
vi.setConfig({ testTimeout: 180_000 });

const PASSWORD = 'a-long-pass-phrase-7';
const ROLE = { AGNES_ROLE: 'api' };

let folder: TemporaryFolder;
let url: string;
const closing: AsyncDisposable[] = [];
beforeEach(async () => {
  folder = await temporaryFolder();
  url = '';
});
afterEach(async () => {
  for (const open of closing.splice(0)) await open[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const env = () => environmentFor(folder.path, { ...ROLE, AGNES_STATE_URL: url });
const breakGlass = (...args: string[]) => runCommand(['break-glass', ...args], env());
const grant = (email: string) => breakGlass('grant-admin', email, '--yes');
async function setPassword(email: string, password: string) {
  const child = await startCommand(['break-glass', 'set-password', email, '--password-stdin'], env(), password);
  const { code } = await child.exited;
  return { code, stderr: child.stderr() };
}
const serverHere = () => startServer({ dataDir: folder.path, env: { ...ROLE, AGNES_STATE_URL: url } });
const control = () => join(folder.path, 'state', 'control.sock');

describe.each(['duckdb', 'postgres'])('break-glass over %s', (engine) => {
  beforeEach(async () => {
    if (engine === 'duckdb') return;
    const database = await createTestDatabase();
    closing.push(database);
    url = database.url;
  });

  test('works while the server runs, after it stopped, and after a kill -9 that left its socket; all of it is audited', async () => {
    await using server = await serverHere();
    const running = await grant('Ann@Example.com');
    expect(running, running.stderr).toMatchObject({ code: 0, stdout: 'ann@example.com is an administrator.\n' });
    expect(running.stderr).toContain('break-glass set-password ann@example.com');
    expect(await setPassword('ann@example.com', PASSWORD)).toMatchObject({ code: 0 });
    // Effective on the very next request.
    const ann = await signIn(server.url, 'ann@example.com', PASSWORD);
    expect((await ann('listUsers')).status).toBe(200);
    const again = await grant('ann@example.com');
    expect(again).toMatchObject({ code: 0, stdout: 'ann@example.com is an administrator already.\n', stderr: '' });

    await server.kill();
    if (process.platform !== 'win32') await stat(control());
    expect(await grant('bob@example.com')).toMatchObject({ code: 0 });
    await server.restart();
    expect(await grant('cho@example.com')).toMatchObject({ code: 0 });
    await server.stop();
    expect(await grant('dee@example.com')).toMatchObject({ code: 0 });
    expect(await setPassword('dee@example.com', PASSWORD)).toMatchObject({ code: 0 });
    const listed = await breakGlass('list-admins');
    const because = 'agnes-server break-glass (cli_break_glass)';
    expect(listed.stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['E-MAIL ADDRESS', 'ACCOUNT', 'PASSWORD', 'ADMINISTRATOR BECAUSE OF'],
      ['admin@example.com', 'active', 'set', 'the setting SEED_ADMIN_EMAIL (system_seed)'],
      ['ann@example.com', 'active', 'set', because],
      ['bob@example.com', 'active', 'none', because],
      ['cho@example.com', 'active', 'none', because],
      ['dee@example.com', 'active', 'set', because],
      [''],
    ]);

    await server.restart();
    const dee = await signIn(server.url, 'dee@example.com', PASSWORD);
    const { body } = await dee('listAudit', { query: { action: 'break_glass.' } });
    expect(body.entries.map(({ action }: { action: string }) => action).reverse()).toEqual([
      'break_glass.grant_admin',
      'break_glass.set_password',
      'break_glass.grant_admin',
      'break_glass.grant_admin',
      'break_glass.grant_admin',
      'break_glass.grant_admin',
      'break_glass.set_password',
      'break_glass.list_admins',
    ]);
    expect(JSON.stringify(body)).not.toContain(PASSWORD);
    expect(server.log()).not.toContain(PASSWORD);
  });

  test('many at once, while the server starts, stops and is killed: each is done, once', async () => {
    await (await serverHere()).stop();
    const figures = { commands: 0, again: 0 };
    for (let round = 0; round < ROUNDS; round += 1) {
      const server = await startCommand(['start'], env());
      const commands: { email: string; process: RunningProcess }[] = [];
      for (let index = 0; index < 3; index += 1) {
        await sleep((250 * (round + index)) % 900);
        // Two of them are the same, so that they race.
        const email = `r${round}-${Math.max(1, index)}@example.com`;
        commands.push({ email, process: await startCommand(['break-glass', 'grant-admin', email, '--yes'], env()) });
      }
      if (round % 2 === 0) await server.kill('SIGKILL');
      else await server.stop(60_000);
      for (const { email, process: command } of commands) {
        const { code } = await command.exited;
        figures.commands += 1;
        // The server was killed before it answered: the command says so, and is run again.
        const again = code === 5 ? await grant(email) : undefined;
        if (again !== undefined) figures.again += 1;
        expect(again?.code ?? code, command.stderr() + again?.stderr).toBe(0);
      }
    }
    const { stdout } = await breakGlass('list-admins');
    const admins = stdout.split('\n').filter((line) => line.includes('cli_break_glass'));
    process.stdout.write(`break-glass on ${engine}: ${JSON.stringify({ ...figures, admins: admins.length })}\n`);
    expect(new Set(admins).size).toBe(admins.length);
    expect(admins.length).toBe(2 * ROUNDS);
    expect(figures.commands).toBe(3 * ROUNDS);
  });
});

test('brings back an administrator who was locked out', async () => {
  await using server = await serverHere();
  await grant('ann@example.com');
  await setPassword('ann@example.com', PASSWORD);
  const admin = await signIn(server.url, server.admin.email, server.admin.password);
  expect((await admin('deactivateUser', { params: { id: 'ann@example.com' } })).status).toBe(200);
  const back = await grant('ann@example.com');
  expect(back).toMatchObject({ code: 0, stderr: expect.stringContaining('is active again') });
  expect((await (await signIn(server.url, 'ann@example.com', PASSWORD))('listUsers')).status).toBe(200);
});

describe('what it refuses', () => {
  test('a folder without a state, which does not become one', async () => {
    const answer = await grant('ann@example.com');
    expect(answer).toMatchObject({ code: 2, stderr: expect.stringContaining('There is no state under') });
    await expect(stat(join(folder.path, 'state'))).rejects.toThrow('ENOENT');
  });

  test('what is no address, a weak password, nobody, no terminal, a password on the command line', async () => {
    await using server = await serverHere();
    expect(await grant('not an address')).toMatchObject({ code: 2 });
    expect(await setPassword(server.admin.email, 'short')).toMatchObject({ code: 2 });
    expect(await setPassword('nobody@example.com', PASSWORD)).toMatchObject({
      stderr: expect.stringContaining('user_not_found'),
    });
    expect(await breakGlass('grant-admin', 'ann@example.com')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--yes'),
    });
  });
});

describe.skipIf(process.platform === 'win32')('the socket', () => {
  /** What it says to some lines; it ends the conversation itself. */
  async function talk(path: string, text: string): Promise<string> {
    const socket = connect(path);
    await once(socket, 'connect');
    let said = '';
    socket.on('data', (chunk) => {
      said += String(chunk);
    });
    socket.on('error', () => undefined);
    socket.end(text);
    await once(socket, 'close');
    return said;
  }

  test('is its owner’s alone, and answers nothing but its own protocol', async () => {
    await using server = await serverHere();
    expect((await stat(control())).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder.path, 'state'))).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder.path, 'state', 'control-key'))).mode & 0o777).toBe(0o600);
    const hello = `${JSON.stringify({ nonce: 'a'.repeat(64) })}\n`;
    for (const text of [
      '',
      '\n',
      'GET /api/users HTTP/1.1\r\nHost: localhost\r\n\r\n',
      '{"command":"{\\"name\\":\\"list_admins\\"}","proof":"x"}\n',
      `${JSON.stringify({ nonce: 'a' })}\n`,
      'x'.repeat(100_000),
    ]) {
      expect(await talk(control(), text), text.slice(0, 40)).toBe('');
    }
    // Without the key there is a greeting, which proves that the server has it, and nothing more.
    const command = JSON.stringify({ name: 'grant_admin', email: 'eve@example.com' });
    const forged = JSON.stringify({ command, proof: 'b'.repeat(64) });
    for (const text of [hello, `${hello}${forged}\n`, `${hello}${hello}`]) {
      const said = await talk(control(), text);
      expect(said.trimEnd().split('\n')).toHaveLength(1);
      expect(JSON.parse(said)).toEqual({ nonce: expect.any(String), proof: expect.any(String) });
    }
    const admin = await signIn(server.url, server.admin.email, server.admin.password);
    expect(JSON.stringify((await admin('listUsers')).body)).not.toContain('eve@example.com');
  });

  test('of a folder whose path is too long for a socket is found as well', async () => {
    const dataDir = join(folder.path, 'd'.repeat(60), 'e'.repeat(60));
    await mkdir(dataDir, { recursive: true });
    await using server = await startServer({ dataDir, env: { ...ROLE, AGNES_STATE_URL: '' } });
    const answer = await runCommand(
      ['break-glass', 'grant-admin', 'ann@example.com', '--yes'],
      environmentFor(dataDir, ROLE),
    );
    expect(answer, answer.stderr).toMatchObject({ code: 0 });
    const admin = await signIn(server.url, server.admin.email, server.admin.password);
    expect(JSON.stringify((await admin('listUsers')).body)).toContain('ann@example.com');
  });

  test('that is a plain file after an accident is replaced', async () => {
    await (await serverHere()).stop();
    await writeFile(control(), 'not a socket');
    await using server = await serverHere();
    expect(await grant('ann@example.com')).toMatchObject({ code: 0 });
    expect((await apiOf(server.url)('readiness')).status).toBe(200);
  });
});
