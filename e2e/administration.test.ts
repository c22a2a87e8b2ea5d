import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeCsv } from '@agnes/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ANALYST, type Installation, inFiles, initialise, json, startInstallation } from './installation.ts';

let all: Installation;

beforeAll(async () => {
  all = await startInstallation();
  await writeCsv(inFiles(all, 'orders.csv'), 100, { id: (row) => row, city: () => 'Brno' });
  await all.publish({ orders: 'orders.csv' }, ['orders']);
  await initialise(all);
});
afterAll(() => all?.[Symbol.asyncDispose]());

interface Entry {
  readonly id: string;
  readonly action: string;
  readonly resource: string | null;
  readonly result: string;
  readonly user_email: string | null;
  readonly ip: string | null;
  readonly credential_id: string | null;
  readonly params: Record<string, unknown> | null;
}

const audit = async (...flags: string[]): Promise<Entry[]> =>
  (await json<{ entries: Entry[] }>(all.admin, ['admin', 'audit', ...flags])).entries;

describe('administration from the command line', () => {
  it('renames groups, shows who may read what and why, and where people are signed in', async () => {
    const { agnes } = all.admin;
    expect(await json(all.admin, ['admin', 'group', 'rename', 'analysts', 'finance'])).toMatchObject({
      name: 'finance',
    });
    const access = await json<{ items: unknown[] }>(all.admin, ['admin', 'access', 'show', ANALYST.email]);
    expect(access.items).toEqual([
      expect.objectContaining({
        resource_name: 'orders',
        via_groups: [expect.objectContaining({ group_name: 'finance' })],
      }),
    ]);
    const table = await agnes(['admin', 'access', 'table', 'orders']);
    expect(table.stdout).toMatch(/ana@example\.com .*all +finance/);
    expect(table.stdout).toMatch(/admin@example\.com .*administrator/);

    const sessions = await json<{ id: string; method: string }[]>(all.admin, [
      'admin',
      'sessions',
      'list',
      ANALYST.email,
    ]);
    expect(sessions).toMatchObject([{ method: 'password' }]);
    expect(await agnes(['admin', 'sessions', 'revoke', ANALYST.email])).toMatchObject({ code: 2 });
    expect(await json(all.admin, ['admin', 'sessions', 'revoke', ANALYST.email, '--all'])).toMatchObject({ ended: 1 });
    expect((await all.analyst.agnes(['pull'])).code).not.toBe(0);
    await json(all.analyst, ['auth', 'login', '--email', ANALYST.email, '--password-stdin'], {
      input: ANALYST.password,
    });
    await json(all.admin, ['admin', 'group', 'rename', 'finance', 'analysts']);
  });

  it('lists and revokes everybody’s tokens', async () => {
    const made = await json<{ id: string }>(all.analyst, ['auth', 'token', 'create', '--name', 'nightly']);
    const listed = await json<{ id: string }[]>(all.admin, ['admin', 'token', 'list', '--user', ANALYST.email]);
    expect(listed.map(({ id }) => id)).toEqual([made.id]);
    expect(await json(all.admin, ['admin', 'token', 'revoke', made.id])).toMatchObject({ revoked: true });
    expect(await json(all.admin, ['admin', 'token', 'list', '--user', ANALYST.email])).toEqual([]);
    expect(await all.admin.agnes(['admin', 'token', 'revoke', 'nothing'])).toMatchObject({ code: 2 });
  });

  it('makes a link with which a person sets a new password', async () => {
    const { stdout, code } = await all.admin.agnes(['admin', 'reset-password', ANALYST.email]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^http:\/\/.*\?token=\S+\n$/);
  });

  it.each([
    [['admin', 'set-role', 'ana@example.com', 'admin'], 'agnes admin group add-member Admin ana@example.com'],
    [['admin', 'set-role', 'ana@example.com', 'user'], 'agnes admin group remove-member Admin ana@example.com'],
    [
      ['admin', 'break-glass', 'grant-admin', 'ana@example.com'],
      'agnes-server break-glass grant-admin ana@example.com',
    ],
    [['admin', 'policy', 'set', 'orders', 'analysts'], 'agnes admin policy set --help'],
    [['admin', 'policy', 'set', 'orders', 'analysts', '--mask', 'city'], '--mask email='],
    [['admin', 'policy', 'show', 'orders', 'analysts'], 'agnes admin policy list --table orders'],
    [['admin', 'audit', '--since', 'yesterday-ish'], '--since 2h'],
    [['schema', 'ordres'], 'Did you mean orders?'],
    [['describe', 'orderz'], 'Did you mean orders?'],
    [['admin', 'group', 'rename', 'analysts'], 'agnes admin group rename --help'],
  ])('%j is wrong and says what to write', async (args, hint) => {
    const { code, stdout, stderr } = await all.admin.agnes(args);
    expect({ code, stdout }).toEqual({ code: hint.startsWith('Did you mean') ? 8 : 2, stdout: '' });
    expect(stderr).toContain(hint);
  });
});

describe('the audit log', () => {
  it('has what was changed, what was refused, and what left the server', async () => {
    const refused = await all.analyst.agnes(['auth', 'login', '--email', ANALYST.email, '--password-stdin'], {
      input: 'not the password',
    });
    expect(refused.code).not.toBe(0);
    const [grant] = await audit('--action', 'grant.create');
    expect(grant).toMatchObject({
      user_email: all.server.admin.email,
      result: 'ok',
      resource: expect.stringMatching(/^table:/),
    });
    await expect
      .poll(() => audit('--action', 'auth.sign_in', '--result', '!ok', '--since', '1h'), { timeout: 20_000 })
      .toEqual([expect.objectContaining({ result: 'invalid_credentials', ip: expect.any(String) })]);
    const [pull] = await audit('--action', 'data.pull', '--user', ANALYST.email);
    expect(pull).toMatchObject({ ip: expect.any(String), credential_id: expect.any(String) });
    expect(await audit('--action', 'job.trigger')).toMatchObject([{ user_email: all.server.admin.email }]);
    expect(await audit('--action', 'server.start')).toHaveLength(1);

    const changes = (await audit('--since', '1h', '--limit', '1000')).filter(({ action, user_email }) => {
      return user_email !== null && /^(user|group|member|grant|policy|table|token|session|job)\./.test(action);
    });
    expect(new Set(changes.map(({ action }) => action)).size).toBeGreaterThan(5);
    expect(changes.filter(({ ip, credential_id }) => ip === null || credential_id === null)).toEqual([]);

    // Nothing new: no entry.
    const before = (await audit('--action', 'data.pull')).length;
    await json(all.analyst, ['pull']);
    await json(all.analyst, ['pull']);
    expect((await audit('--action', 'data.pull')).length).toBeLessThanOrEqual(before + 1);
  });

  it('is exported as NDJSON, to a file or stdout, and read page by page', async () => {
    const file = join(all.admin.workspace, 'audit.ndjson');
    const wrote = await json<{ bytes: number }>(all.admin, ['admin', 'audit', 'export', '--output', file]);
    const text = await readFile(file, 'utf8');
    expect(wrote.bytes).toBe(Buffer.byteLength(text));
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Entry);
    const piped = await all.admin.agnes(['admin', 'audit', 'export', '--action', 'grant.']);
    expect(
      piped.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).action),
    ).toEqual(['grant.create']);
    const all_ = await audit('--limit', '0');
    expect(new Set(all_.map(({ id }) => id)).size).toBe(all_.length);
    for (const { id } of lines) expect(all_.map((entry) => entry.id)).toContain(id);
    const few = await all.admin.agnes(['admin', 'audit', '--limit', '3']);
    expect(few.stdout.trimEnd().split('\n')).toHaveLength(4);
    expect(few.stderr).toContain('There are more than 3');
  });

  it('can be followed', async () => {
    await using following = await all.admin.start([
      'admin',
      'audit',
      '--follow',
      '--limit',
      '1',
      '--json',
      '--action',
      'group.',
    ]);
    await following.waitForLine((line) => line.includes('"group.'));
    await json(all.admin, ['admin', 'group', 'create', 'followed']);
    const line = await following.waitForLine((text) => text.includes('followed'));
    expect(JSON.parse(line)).toMatchObject({ action: 'group.create' });
  });

  it('has the downloads of a token and table as one entry, and settings that changed by name', async () => {
    await all.server.restart({ AGNES_FILES_MAX: '99' });
    const [downloads] = await audit('--action', 'data.download', '--user', ANALYST.email);
    expect(downloads).toMatchObject({
      resource: expect.stringMatching(/^table:/),
      params: { parts: 1, bytes: expect.any(Number) },
    });
    const [changed] = await audit('--action', 'config.change');
    expect(changed?.params?.changed).toContain('AGNES_FILES_MAX');
    expect(JSON.stringify(changed)).not.toContain('99');
  });

  it('is for administrators', async () => {
    expect(await all.analyst.agnes(['admin', 'audit'])).toMatchObject({ code: 8 });
    expect(await all.analyst.agnes(['admin', 'audit', 'export'])).toMatchObject({ code: 8 });
  });
});
