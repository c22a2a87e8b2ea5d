import { expect, it } from 'vitest';
import { startProcess } from './start-process.ts';

const node = (code: string, options = {}) => startProcess(process.execPath, ['-e', code], options);

it('keeps output, passes input and an environment of its own, and tells the exit code', async () => {
  const code = `
    process.stdin.on('data', (text) => process.stdout.write('in: ' + text));
    process.stdin.on('end', () => { process.stderr.write(Object.keys(process.env).join()); process.exitCode = 3; });`;
  await using child = await node(code, { input: 'hello', env: { ONLY: 'this' } });
  expect(await child.exited).toEqual({ code: 3, signal: null });
  expect(child.stdout()).toBe('in: hello');
  expect(child.stderr()).toBe('ONLY');
  expect(child.isRunning()).toBe(false);
});

it('waits for a line, and says what was printed when the process ends without it', async () => {
  const code = "console.log('one'); setTimeout(() => console.log('two'), 50)";
  await using child = await node(code);
  expect(await child.waitForLine((line) => line.startsWith('t'))).toBe('two');
  await expect(child.waitForLine((line) => line === 'three')).rejects.toThrow(/ended with 0; stdout:\none\ntwo/);
});

it('kills what does not stop when asked, and says so', async () => {
  await using child = await node("process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('up')");
  await child.waitForLine((line) => line === 'up');
  await expect(child.stop(100)).rejects.toThrow(/still ran 100 ms after SIGTERM/);
  expect((await child.exited).signal).toBe('SIGKILL');
});

it('does not outlive the block that it was started in', async () => {
  let pid: number;
  {
    await using child = await node('setInterval(() => {}, 1000)');
    pid = child.pid;
  }
  expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
});

it('cannot start a program that is not there', async () => {
  await expect(startProcess('/no/such/program', [])).rejects.toThrow(/ENOENT/);
});
