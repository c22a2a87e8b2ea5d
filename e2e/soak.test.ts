import { join } from 'node:path';
import { minimalEnvironment, repositoryRoot, startProcess } from '@agnes/testkit';
import { describe, expect, it } from 'vitest';
import { drift } from './soak/measure.ts';
import { reportOf } from './soak/report.ts';
import { newTally, noteError } from './soak/tally.ts';

async function soak(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const main = join(repositoryRoot, 'e2e', 'soak', 'main.ts');
  const command = ['--conditions=@agnes/source', main, '--no-build', ...args];
  await using running = await startProcess(process.execPath, command, {
    cwd: repositoryRoot,
    env: minimalEnvironment(),
  });
  const { code } = await running.exited;
  return { code, stdout: running.stdout(), stderr: running.stderr() };
}

describe('pnpm soak', () => {
  it('lets clients pull while it publishes, grants and takes back, and finds no wrong answer', async () => {
    const { code, stdout, stderr } = await soak(
      '--minutes',
      '0.17',
      '--clients',
      '5',
      '--publish-every',
      '1s',
      '--json',
    );
    expect(stdout, stderr).toMatch(/^\{/);
    const report = JSON.parse(stdout) as ReturnType<typeof reportOf>;
    process.stdout.write(
      `soak: ${report.seconds} s, ${report.publishes} publishes, ${report.pulls} pulls, ${report.verifiedParts} parts verified, ` +
        `errors: ${JSON.stringify(report.errors)}, 5xx: ${report.serverErrors}, stale: ${report.stale}, torn: ${report.torn}\n`,
    );
    expect(report).toMatchObject({ failed: false, errors: {}, serverErrors: 0, stale: 0, torn: 0, notes: [] });
    expect(code).toBe(0);
    expect(Math.min(report.publishes, report.laptopPulls, report.grantsChanged, report.notModified)).toBeGreaterThan(0);
    expect(report.versions).toBeGreaterThan(3);
    expect(report.rss_bytes.most).toBeGreaterThan(10_000_000);
    if (process.platform === 'linux') expect(report.open_files?.most).toBeGreaterThan(10);
    expect(report.lag_ms?.max).toBeGreaterThanOrEqual(0);
  }, 180_000);

  it('calls one wrong answer a failure, whichever kind it is of', () => {
    const samples = [{ rss: 1, openFiles: 2, lag: { p50: 0, p99: 0, max: 0 } }];
    expect(reportOf({ tally: newTally(), samples, seconds: 1 }).failed).toBe(false);
    for (const kind of ['serverErrors', 'stale', 'torn'] as const) {
      expect(reportOf({ tally: { ...newTally(), [kind]: 1 }, samples, seconds: 1 }).failed, kind).toBe(true);
    }
    const tally = newTally();
    noteError(tally, 'client 1', Object.assign(new Error('no'), { code: 'unavailable' }));
    expect(reportOf({ tally, samples, seconds: 1 })).toMatchObject({ failed: true, errors: { unavailable: 1 } });
  });

  it('compares the first quarter with the last', () => {
    expect(drift([1, 1, 5, 5, 5, 5, 3, 3])).toEqual({ first: 1, last: 3, change: 2 });
  });

  it('refuses what it does not understand, with its usage and exit code 2', async () => {
    for (const args of [['--nonsense'], ['--minutes', 'x'], ['--clients', '0']]) {
      const { code, stdout, stderr } = await soak(...args);
      expect([code, stdout], args.join(' ')).toEqual([2, '']);
      expect(stderr).toContain('Usage: pnpm soak');
    }
  });
});
