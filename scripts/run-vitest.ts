import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Runs tests and shows what they print. Gives the exit code. */
export async function runVitest(args: readonly string[], env: Readonly<Record<string, string>>): Promise<number> {
  const root = join(import.meta.dirname, '..');
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const child = spawn(process.execPath, [vitest, 'run', ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return code ?? 1;
}

/** A file that tests report to, a line of JSON each. */
export interface Report extends AsyncDisposable {
  readonly path: string;
  /** What has been reported so far. */
  lines(): Promise<string[]>;
}

export async function openReport(): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), 'agnes-report-'));
  const path = join(folder, 'report.ndjson');
  return {
    path,
    async lines() {
      try {
        return (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        return [];
      }
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
