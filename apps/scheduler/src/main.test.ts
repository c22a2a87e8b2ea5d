import { type ChildProcess, fork, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const MAIN = fileURLToPath(import.meta.resolve('./main.ts'));
const NODE = ['--conditions=@agnes/source'];
const TOKEN = 'scheduler-token-of-at-least-32-characters';

const CODES: Record<number, string> = { 409: 'sync_already_in_progress', 500: 'internal_error' };

interface Call {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

let server: Server;
let calls: Call[];
let seen: EventEmitter;
let triggerStatus: number;
let children: ChildProcess[];

beforeEach(async () => {
  calls = [];
  seen = new EventEmitter();
  triggerStatus = 200;
  children = [];
  server = createServer(async (request: IncomingMessage, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    const { method = '', url = '', headers } = request;
    calls.push({ method, url, authorization: headers.authorization, body });
    const answer =
      url === '/api/health'
        ? { status: 'ok', db_schema: 'ok', current: '1', expected: '1' }
        : triggerStatus === 200
          ? { status: 'triggered', tables: 'all', message: 'Started.', job_id: 'job1' }
          : { type: 'x', title: 'x', status: triggerStatus, detail: 'No.', code: CODES[triggerStatus] };
    response.writeHead(url === '/api/health' ? 200 : triggerStatus, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer));
    seen.emit('call');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  server.closeAllConnections();
  server.close();
});

const environment = (more: Record<string, string> = {}) => ({
  PATH: process.env.PATH,
  DATA_DIR: tmpdir(),
  CONFIG_DIR: tmpdir(),
  API_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  SCHEDULER_API_TOKEN: TOKEN,
  SCHEDULER_TICK_SECONDS: '1',
  SCHEDULER_DATA_REFRESH_INTERVAL: '1',
  SCHEDULER_HEALTH_CHECK_INTERVAL: '1',
  SCHEDULER_STARTUP_GRACE_SECONDS: '0',
  ...more,
});

function start(more: Record<string, string> = {}, args: string[] = []): ChildProcess {
  const child = spawn(process.execPath, [...NODE, MAIN, ...args], {
    env: environment(more),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  return child;
}

async function finish(child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code: child.exitCode, stdout, stderr };
}

async function text(stream: NodeJS.ReadableStream | null): Promise<string> {
  let all = '';
  for await (const chunk of stream ?? []) all += String(chunk);
  return all;
}

async function until(enough: () => boolean): Promise<void> {
  while (!enough()) await once(seen, 'call');
}

const count = (url: string) => calls.filter((call) => call.url === url).length;

describe('agnes-scheduler', () => {
  test('calls the server with its token, without a body, and goes on; SIGTERM ends it with 0', async () => {
    const child = start();
    await until(() => count('/api/sync/trigger') >= 2 && count('/api/health') >= 2);
    const trigger = calls.find((call) => call.url === '/api/sync/trigger');
    expect(trigger).toEqual({
      method: 'POST',
      url: '/api/sync/trigger',
      authorization: `Bearer ${TOKEN}`,
      body: '',
    });
    expect(calls.find((call) => call.url === '/api/health')?.method).toBe('GET');
    child.kill('SIGTERM');
    const { code, stdout, stderr } = await finish(child);
    expect(code).toBe(0);
    expect(stdout).toBe('');
    expect(stderr).toContain('"task":"data-refresh"');
    expect(stderr).not.toContain(TOKEN);
  });

  test('a sync that runs already is no failure', async () => {
    triggerStatus = 409;
    const child = start();
    await until(() => count('/api/sync/trigger') >= 1);
    child.kill('SIGTERM');
    const { code, stderr } = await finish(child);
    expect(code).toBe(0);
    expect(stderr).toContain('a sync is running already');
    expect(stderr).not.toContain('task failed');
  });

  test('a server that fails is tried again at the next interval', async () => {
    triggerStatus = 500;
    const child = start();
    await until(() => count('/api/sync/trigger') >= 2);
    child.kill('SIGTERM');
    const { code, stderr } = await finish(child);
    expect(code).toBe(0);
    expect(stderr).toContain('task failed; next try in 1 s');
  });

  test('ends when the process that started it goes away', async () => {
    const child = fork(MAIN, [], { execArgv: NODE, env: environment(), silent: true });
    children.push(child);
    await until(() => calls.length > 0);
    child.disconnect();
    expect((await finish(child)).code).toBe(0);
  });

  test.each([
    ['without a token', { SCHEDULER_API_TOKEN: '' }, 'SCHEDULER_API_TOKEN'],
    ['with a tick larger than its smallest interval', { SCHEDULER_TICK_SECONDS: '30' }, 'SCHEDULER_TICK_SECONDS'],
    ['with an interval that is no number', { SCHEDULER_DATA_REFRESH_INTERVAL: 'soon' }, 'SCHEDULER_DATA_REFRESH'],
  ])('refuses to start %s', async (_name, more, named) => {
    const { code, stderr } = await finish(start(more));
    expect(code).toBe(2);
    expect(stderr).toContain(named);
    expect(stderr).not.toContain('    at ');
  });

  test('--version and --help answer on stdout; an unknown flag is a usage error', async () => {
    expect((await finish(start({}, ['--version']))).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect((await finish(start({}, ['--help']))).stdout).toContain('SCHEDULER_API_TOKEN');
    const { code, stderr } = await finish(start({}, ['--verison']));
    expect(code).toBe(2);
    expect(stderr).toContain('agnes-scheduler --help');
  });
});
