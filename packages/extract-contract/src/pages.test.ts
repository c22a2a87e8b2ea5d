import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkConnector, formatChecks } from './conformance.ts';

const PACKAGE = join(import.meta.dirname, '..');
const PAGES = join(PACKAGE, '..', '..', 'docs', 'connectors');
const TOKEN = 'shop-token-0123456789';

/** The shop of the pages: two pages of each, and only for who has the token. */
const ROWS: Readonly<Record<string, readonly object[]>> = {
  customers: [
    { id: 1, name: 'Ada' },
    { id: 2, name: null },
  ],
  orders: [
    { id: 1, customer_id: 1, total: '19.90', paid_at: '2026-01-02T03:04:05Z' },
    { id: 2, customer_id: 2, total: '0.10', paid_at: null },
  ],
};

let folder: string;
let server: Server;
const path = process.env.PATH;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agnes-pages-'));
  server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://shop.example.com');
    const rows = ROWS[url.pathname.slice(1)];
    const page = Number(url.searchParams.get('page'));
    const allowed = request.headers.authorization === `Bearer ${TOKEN}`;
    response.statusCode = allowed ? (rows === undefined ? 404 : 200) : 401;
    response.end(JSON.stringify(rows?.slice(page - 1, page) ?? []));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await mkdir(join(folder, 'node_modules', '@agnes'), { recursive: true });
  await symlink(PACKAGE, join(folder, 'node_modules', '@agnes', 'extract-contract'), 'junction');
  await symlink(join(PACKAGE, 'node_modules', 'valibot'), join(folder, 'node_modules', 'valibot'), 'junction');
  await mkdir(join(folder, 'bin'));
  const command = join(folder, 'bin', 'agnes-extract');
  const entry = join(PACKAGE, 'src', 'cli.ts');
  await writeFile(command, `#!/bin/sh\nexec "${process.execPath}" --conditions=@agnes/source "${entry}" "$@"\n`);
  await chmod(command, 0o755);
  process.env.PATH = [join(folder, 'bin'), path].join(delimiter);
});
afterAll(async () => {
  process.env.PATH = path;
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

/** Writes the page's first block of a language to a file. */
async function codeOf(page: string, language: string, file: string): Promise<string> {
  const text = await readFile(join(PAGES, page), 'utf8');
  const code = new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 's').exec(text)?.[1];
  if (code === undefined) throw new Error(`${page} has no ${language}.`);
  await writeFile(join(folder, file), code);
  return join(folder, file);
}

async function prove(command: readonly [string, ...string[]]): Promise<void> {
  const checks = await checkConnector({
    subject: { command },
    config: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
    tables: [
      { name: 'customers', source_table: 'customers' },
      { name: 'orders', source_table: 'orders' },
    ],
    environment: { SHOP_TOKEN: TOKEN },
    kills: 2,
  });
  expect(
    checks.filter((check) => check.outcome === 'failed'),
    formatChecks(checks),
  ).toStrictEqual([]);
  const skipped = checks.filter((check) => check.outcome === 'skipped').map(({ name }) => name);
  expect(skipped).toStrictEqual(['extract: _remote_attach: columns, their order and types']);
}

const python = spawnSync('python3', ['--version']).status === 0 && process.platform !== 'win32';
if (!python) process.stderr.write('docs/connectors/python.md is not run: there is no python3 here.\n');

describe.concurrent('the code of the pages conforms as it stands', () => {
  test('docs/connectors/typescript.md', async () => {
    await prove([process.execPath, '--conditions=@agnes/source', await codeOf('typescript.md', 'ts', 'shop.ts')]);
  });

  test.skipIf(!python)('docs/connectors/python.md', async () => {
    await prove(['python3', await codeOf('python.md', 'python', 'shop.py')]);
  });
});
