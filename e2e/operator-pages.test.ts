import { appendFile, chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { ERROR_CODES, isErrorCode } from '@agnes/errors';
import {
  minimalEnvironment,
  repositoryRoot,
  startProcess,
  type TemporaryFolder,
  temporaryFolder,
} from '@agnes/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Installation, inFiles, initialise, json, query, startInstallation } from './installation.ts';

const pages = join(repositoryRoot, 'docs', 'operator');
const page = (name: string): Promise<string> => readFile(join(pages, name), 'utf8');

describe('the page on troubleshooting', () => {
  it('names only codes that there are, and every one that a server can answer with', async () => {
    const text = await page('troubleshooting.md');
    const [tables = '', callers = ''] = text.split('## What a caller can mend alone');
    const inRows = [...tables.matchAll(/^\| `([a-z_]+)`/gm)].map(([, code = '']) => code);
    const inList = [...callers.matchAll(/`([a-z_]+)`/g)].map(([, code = '']) => code);
    const named = [...inRows, ...inList];
    expect(named.filter((code) => !isErrorCode(code))).toEqual([]);
    const ofServer = Object.entries(ERROR_CODES).filter(([, { status }]) => status > 0);
    expect(ofServer.map(([code]) => code).filter((code) => !named.includes(code))).toEqual([]);
    // What is the server's own failure needs more than "the message says".
    const failures = ofServer.filter(([, { status }]) => status >= 500).map(([code]) => code);
    expect(failures.filter((code) => !inRows.includes(code))).toEqual([]);
    expect(new Set(inRows).size).toBe(inRows.length);
  });
});

describe('every page for operators', () => {
  it('links to pages that there are', async () => {
    for (const name of ['install.md', 'data-directory.md', 'backup.md', 'troubleshooting.md', 'quickstart.md']) {
      const links = [...(await page(name)).matchAll(/\]\(([^)#]+)/g)].map(([, link = '']) => link);
      for (const link of links.filter((one) => !one.includes('://'))) {
        await expect(
          readFile(join(pages, link)).catch((error: NodeJS.ErrnoException) => error.code),
          `${name}: ${link}`,
        ).resolves.not.toBe('ENOENT');
      }
    }
  });
});

// The commands are those of a POSIX shell.
describe.skipIf(process.platform === 'win32')('the page on backups, command by command as it stands', () => {
  let all: Installation;
  let backup: TemporaryFolder;

  beforeAll(async () => {
    all = await startInstallation();
    backup = await temporaryFolder('agnes-backup-');
    await writeFile(inFiles(all, 'orders.csv'), 'id,city\n1,Oslo\n');
    await all.publish({ orders: 'orders.csv' }, ['orders']);
    await initialise(all);
  }, 180_000);
  afterAll(async () => {
    const broken = `${all.server.dataDir}.broken`;
    await all?.[Symbol.asyncDispose]();
    await rm(broken, { recursive: true, force: true });
    await backup?.[Symbol.asyncDispose]();
  });

  /** Runs the block of the page that has this word after `sh`. */
  async function run(block: string): Promise<{ code: number; stdout: string; stderr: string }> {
    const commands = new RegExp(`\`\`\`sh ${block}\n(.*?)\`\`\``, 's').exec(await page('backup.md'))?.[1];
    if (commands === undefined) throw new Error(`backup.md has no block ${block}.`);
    const bin = join(backup.path, 'bin');
    await mkdir(bin, { recursive: true });
    const main = join(repositoryRoot, 'apps', 'server', 'src', 'main.ts');
    const agnesServer = join(bin, 'agnes-server');
    await writeFile(agnesServer, `#!/bin/sh\nexec "${process.execPath}" --conditions=@agnes/source "${main}" "$@"\n`);
    await chmod(agnesServer, 0o755);
    const base = minimalEnvironment();
    const env = {
      ...base,
      PATH: [bin, dirname(process.execPath), base.PATH ?? '/usr/bin:/bin'].join(delimiter),
      DATA_DIR: all.server.dataDir,
      BACKUP: join(backup.path, 'backup'),
    };
    await using shell = await startProcess('sh', ['-euc', commands], { cwd: backup.path, env });
    const { code } = await shell.exited;
    return { code: code ?? 1, stdout: shell.stdout(), stderr: shell.stderr() };
  }

  const rows = () => query(all.analyst, 'SELECT count(*) AS n FROM orders');

  it('backs up while the server runs, and restores; laptops follow without a person', async () => {
    await all.server.stop();
    expect(await run('stopped')).toMatchObject({ code: 0 });
    await all.server.restart();
    expect(await run('back-up')).toMatchObject({ code: 0 });
    expect(await run('verify')).toEqual({ code: 0, stdout: '', stderr: '' });
    await appendFile(inFiles(all, 'orders.csv'), '2,Brno\n');
    await json(all.admin, ['admin', 'sync', 'orders']);
    await json(all.analyst, ['pull']);
    expect(await rows()).toEqual([{ n: 2 }]);

    await all.server.stop();
    const restored = await run('restore');
    expect(restored, restored.stderr).toMatchObject({ code: 0 });
    expect(restored.stderr).toContain('is sound');
    await all.server.restart();
    await json(all.analyst, ['pull']);
    expect(await rows()).toEqual([{ n: 1 }]);
    await json(all.admin, ['admin', 'sync', 'orders']);
    await json(all.analyst, ['pull']);
    expect(await rows()).toEqual([{ n: 2 }]);
  }, 180_000);

  it('goes back to a snapshot of a state that does not open', async () => {
    await all.server.stop();
    await writeFile(join(all.server.dataDir, 'state', 'system.duckdb'), 'not a database');
    await expect(all.server.restart()).rejects.toThrow('state_corrupt');
    const restored = await run('only-state');
    expect(restored, restored.stderr).toMatchObject({ code: 0 });
    expect(restored.stderr).toContain('What was there before is kept');
    await all.server.restart();
    expect((await all.analyst.agnes(['pull'])).code).toBe(0);
  }, 180_000);

  it('proves a backup by the names of its files', async () => {
    const blobs = join(backup.path, 'backup', 'blobs', 'sha256');
    const files = (await readdir(blobs, { recursive: true })).filter((name) => /[0-9a-f]{64}$/.test(name));
    const file = join(blobs, files[0] ?? '');
    await chmod(file, 0o644);
    await appendFile(file, 'x');
    const { code, stdout: said } = await run('verify');
    expect(code).not.toBe(0);
    expect(said).toContain('FAILED');
  });
});
