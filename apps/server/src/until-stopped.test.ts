import { fileURLToPath } from 'node:url';
import { startProcess } from '@agnes/testkit';
import { describe, expect, test } from 'vitest';

const SCRIPT = `
  import { pino } from 'pino';
  import { untilStopped } from ${JSON.stringify(import.meta.resolve('./until-stopped.ts'))};
  const keepAlive = setInterval(() => {}, 1000);
  const stopped = untilStopped(pino(pino.destination({ fd: 2, sync: true })));
  if (process.argv[1] === 'throw') setTimeout(() => { throw new Error('broken timer'); }, 0);
  if (process.argv[1] === 'reject') Promise.reject(new Error('broken promise'));
  console.log('waiting');
  const { reason, code } = await stopped;
  console.log('closing after', reason);
  if (process.argv[1] !== 'hang') { clearInterval(keepAlive); process.exitCode = code; }
`;
const start = (what: string) =>
  startProcess(process.execPath, ['--conditions=@agnes/source', '--input-type=module', '-e', SCRIPT, what], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
  });

describe('the end of the process', () => {
  test.each([
    ['throw', 'uncaught exception', 'broken timer'],
    ['reject', 'unhandled rejection', 'broken promise'],
  ])('%s: a failure that nobody caught is logged, closed in order, and ends with 1', async (what, reason, message) => {
    const child = await start(what);
    expect((await child.exited).code).toBe(1);
    expect(child.stdout()).toContain(`closing after ${reason}`);
    expect(child.stderr()).toContain(message);
  });

  test('a second signal does not wait for a close that hangs', async () => {
    const child = await start('hang');
    await child.waitForLine((line) => line === 'waiting');
    process.kill(child.pid, 'SIGTERM');
    await child.waitForLine((line) => line === 'closing after SIGTERM');
    expect(await child.kill('SIGTERM')).toMatchObject({ code: 143 });
  });
});
