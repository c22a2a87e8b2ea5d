import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDatabase } from '@agnes/duckdb';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  answerRequest,
  type ConnectorMessage,
  defineConnector,
  MAX_LINE,
  parseConnectorLine,
  parseConnectorRequest,
  readExtract,
} from './index.ts';

const SECRET = 'very-"secret"-token';
const FIXTURE = join(import.meta.dirname, '..', 'fixtures', 'connector.ts');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agnes-connector-'));
});
const children = new Set<ChildProcessWithoutNullStreams>();
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
  await rm(folder, { recursive: true, force: true });
});

function start(): ChildProcessWithoutNullStreams {
  const child = spawn(process.execPath, ['--conditions=@agnes/source', FIXTURE], {
    env: { PATH: process.env.PATH, FIXTURE_TOKEN: SECRET },
  });
  children.add(child);
  return child;
}

/** Starts a connector in a group of its own, as the orchestrator does, and prints its pid once it is at work. */
const SERVER = `
const [fixture, request] = process.argv.slice(1);
const { spawn } = require('node:child_process');
const child = spawn(process.execPath, ['--conditions=@agnes/source', fixture], { detached: true, stdio: ['pipe', 'pipe', 'ignore'] });
child.stdin.end(request);
child.stdout.on('data', (data) => String(data).includes('"waiting"') && process.stdout.write(String(child.pid)));
setInterval(() => {}, 1000);
`;

interface TableRequest {
  readonly name: string;
  readonly does?: string;
  readonly run?: number;
}

function requestLine(tables: readonly TableRequest[], more: object = {}): string {
  return `${JSON.stringify({
    protocol: 1,
    source: 'fixture',
    output_dir: folder,
    config: {},
    tables: tables.map(({ name, ...options }) => ({ id: `id_${name}`, name, options })),
    ...more,
  })}\n`;
}

interface Ended {
  readonly code: number | null;
  readonly messages: readonly ConnectorMessage[];
  readonly out: string;
  readonly log: string;
}

async function finish(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  let out = '';
  let log = '';
  child.stdout.on('data', (data) => {
    out += String(data);
  });
  child.stderr.on('data', (data) => {
    log += String(data);
  });
  const code = await new Promise<number | null>((resolve) => {
    child.once('close', (exit) => resolve(exit));
  });
  return { code, out, log, messages: out.split('\n').filter(Boolean).map(parseConnectorLine) };
}

async function run(tables: readonly TableRequest[], more: object = {}): Promise<Ended> {
  const child = start();
  child.stdin.end(requestLine(tables, more));
  return finish(child);
}

const tablesOf = async () => (await readExtract(folder)).tables.map((table) => table.table_name).sort();
const failures = (messages: readonly ConnectorMessage[]) =>
  messages.filter((message) => message.type === 'table_failed');

describe('what a connector process says', () => {
  test('one line a message, done at the end, exit 0', async () => {
    const { code, messages } = await run([{ name: 'a', does: 'warn' }, { name: 'b' }]);
    expect(code).toBe(0);
    expect(messages.filter((message) => message.type === 'table_done')).toMatchObject([
      { table: 'a', rows: 10, warnings: [{ code: 'odd', message: 'Something is odd.', hint: 'Look.' }] },
      { table: 'b', rows: 10, warnings: [] },
    ]);
    expect(messages.at(-1)).toStrictEqual({ type: 'done', tables_ok: 2, tables_failed: 0 });
    expect(await tablesOf()).toStrictEqual(['a', 'b']);
  });

  test('a thousand steps of progress are a few messages, the last one among them', async () => {
    const { messages } = await run([{ name: 'a' }]);
    const steps = messages.filter((message) => message.type === 'progress' && message.table === 'a');
    expect(steps.length).toBeLessThan(50);
    expect(steps.at(-1)).toMatchObject({ done: 1000, total: 1000, unit: 'rows' });
    expect(messages).toContainEqual({ type: 'progress', done: 1, total: 1, unit: 'tables' });
  });

  test('what libraries print does not get between the messages', async () => {
    const { code, log, out } = await run([{ name: 'a', does: 'print' }]);
    expect(code).toBe(0);
    expect(log).toContain('a library says hello');
    expect(log).toContain('and so does another');
    expect(out).not.toContain('hello');
  });

  test('secrets of the environment are struck out, and other variables are not passed on', async () => {
    const { messages, out } = await run([
      { name: 'a', does: 'tell' },
      { name: 'b', does: 'break' },
    ]);
    expect(messages).toContainEqual({ type: 'log', level: 'info', message: 'token *** secret absent' });
    expect(failures(messages)).toMatchObject([{ message: 'undefined is not a ***' }]);
    expect(out).not.toContain('secret"');
  });

  test('tables that were taken out leave the extract, whatever becomes of the others', async () => {
    await run([{ name: 'a' }, { name: 'b' }, { name: 'c' }]);
    const { code } = await run([{ name: 'b', does: 'break' }], { drop: ['A', 'unknown'] });
    expect(code).toBe(1);
    expect(await tablesOf()).toStrictEqual(['b', 'c']);
  });

  test('state that a failing table saved is not sent with the next one', async () => {
    const messages: ConnectorMessage[] = [];
    const connector = defineConnector({
      sourceType: 'fixture',
      environment: [],
      async extractTable({ name }, { writer, saveState }) {
        if (name !== 'c') saveState({ after: name });
        if (name === 'b') throw new Error('b fails');
        await writer.writeTable({ name, select: 'SELECT 1 AS i' });
      },
    });
    const request = parseConnectorRequest(requestLine([{ name: 'a' }, { name: 'b' }, { name: 'c' }]));
    await answerRequest(connector, request, { send: (message) => messages.push(message) });
    expect(messages.filter(({ type }) => type === 'state')).toStrictEqual([{ type: 'state', state: { after: 'a' } }]);
  });

  test('state comes back in the next run, after the table it belongs to is there', async () => {
    const first = await run([{ name: 'a', does: 'state' }]);
    const state = first.messages.find((message) => message.type === 'state');
    expect(state).toStrictEqual({ type: 'state', state: { runs: 1 } });
    const second = await run([{ name: 'a', does: 'state' }], { state: { runs: 1 } });
    expect(second.messages.find((message) => message.type === 'state')).toStrictEqual({
      type: 'state',
      state: { runs: 2 },
    });
  });
});

describe('failures', () => {
  test('of one table leave the others, keep its last version, and exit with 2', async () => {
    await run([{ name: 'a' }, { name: 'b' }]);
    const before = (await readExtract(folder)).tables.find((table) => table.table_name === 'a');
    const { code, messages } = await run([
      { name: 'a', does: 'fail' },
      { name: 'b', run: 2 },
    ]);
    expect(code).toBe(2);
    expect(failures(messages)).toStrictEqual([
      {
        type: 'table_failed',
        table: 'a',
        code: 'publish_refused',
        message: 'This one fails.',
        hint: 'Do not ask for it.',
      },
    ]);
    expect((await readExtract(folder)).tables.find((table) => table.table_name === 'a')).toStrictEqual(before);
  });

  test('of all tables exit with 1, each with a code', async () => {
    const { code, messages } = await run([
      { name: 'a', does: 'break' },
      { name: 'b', does: 'forget' },
    ]);
    expect(code).toBe(1);
    expect(failures(messages)).toMatchObject([
      { table: 'a', code: 'connector_failed' },
      { table: 'b', code: 'connector_failed', message: expect.stringContaining('wrote nothing') },
    ]);
    expect(messages.at(-1)).toStrictEqual({ type: 'done', tables_ok: 0, tables_failed: 2 });
  });

  test.each([
    ['a configuration of another shape', { rows: 'many' }, /rows/],
    ['a session that cannot be opened', { rows: -1 }, /negative/],
  ])('%s fails every table with the reason', async (_case, config, reason) => {
    const { code, messages } = await run([{ name: 'a' }, { name: 'b' }], { config });
    expect(code).toBe(1);
    expect(failures(messages)).toMatchObject([
      { table: 'a', code: 'invalid_config', message: expect.stringMatching(reason) },
      { table: 'b', code: 'invalid_config' },
    ]);
  });

  test.each([
    ['nothing', ''],
    ['rubbish', 'hello\n'],
    ['another protocol', '{"protocol":99}\n'],
    ['a name that leaves the folder', requestLineOf({ name: '../x' })],
    ["the contract's own name", requestLineOf({ name: '_meta' })],
    ['a source that is no identifier', requestLineOf({ name: 'a' }, { source: 'a/b' })],
  ])('a request that is %s ends with 1 and says why', async (_case, line) => {
    const child = start();
    child.stdin.end(line);
    const { code, messages } = await finish(child);
    expect(code).toBe(1);
    expect(messages).toMatchObject([
      { type: 'log', level: 'error' },
      { type: 'done', tables_ok: 0, tables_failed: 0 },
    ]);
    expect(await readdir(folder)).toStrictEqual([]);
  });
});

function requestLineOf(table: object, more: object = {}): string {
  return `${JSON.stringify({ protocol: 1, source: 's', output_dir: '/nowhere', tables: [{ id: 'x', ...table }], ...more })}\n`;
}

describe('stopping', () => {
  test.each(['wait', 'query'])('SIGTERM during "%s" ends with 143; tables that were done stay', async (does) => {
    const child = start();
    child.stdin.end(requestLine([{ name: 'a' }, { name: 'b', does }, { name: 'c' }]));
    child.stdout.on('data', (data) => {
      if (String(data).includes('"waiting"')) child.kill('SIGTERM');
    });
    const { code, messages } = await finish(child);
    expect(code).toBe(143);
    expect(failures(messages)).toStrictEqual([]);
    expect(messages.at(-1)).toStrictEqual({ type: 'done', tables_ok: 1, tables_failed: 0 });
    expect(await tablesOf()).toStrictEqual(['a']);
    expect((await readdir(folder)).sort()).toStrictEqual(['.lock', 'data', 'extract.duckdb']);
  });

  test.runIf(process.platform !== 'win32')('a connector that says nothing ends when its server is killed', async () => {
    const server = spawn(process.execPath, ['-e', SERVER, FIXTURE, requestLine([{ name: 'b', does: 'wait' }])]);
    children.add(server);
    const [pid] = (await once(server.stdout, 'data')) as [Buffer];
    server.kill('SIGKILL');
    const isAlive = (): boolean => {
      try {
        return process.kill(Number(pid), 0);
      } catch {
        return false;
      }
    };
    while (isAlive()) await sleep(50);
  });

  test('a reader that goes away ends the process', async () => {
    const child = start();
    child.stdin.end(requestLine([{ name: 'a' }, { name: 'b', does: 'wait' }]));
    child.stdout.once('data', () => child.stdout.destroy());
    const code = await Promise.race([
      new Promise((resolve) => {
        child.once('exit', resolve);
      }),
      sleep(20_000, 'still running', { ref: false }),
    ]);
    child.kill('SIGKILL');
    expect(code).toBe(1);
  });
});

test('killed at any moment, each table is as before or as after, and the next run works', async () => {
  const names = ['a', 'b', 'c'];
  await run(names.map((name) => ({ name, run: 0 })));
  const violations: string[] = [];
  for (let round = 1; round <= 20; round += 1) {
    const child = start();
    child.stdin.end(requestLine(names.map((name) => ({ name, run: round }))));
    const finished = new Set<string>();
    child.stdout.on('data', (data) => {
      for (const [, name] of String(data).matchAll(/"table_done","table":"(\w)"/g)) finished.add(name ?? '');
    });
    child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), Math.random() * 400));
    await new Promise((resolve) => {
      child.once('close', resolve);
    });
    await using database = await openDatabase(join(folder, 'extract.duckdb'), { readOnly: true });
    const connection = await database.connect();
    for (const name of names) {
      const [row, ...others] = await connection.rows<{ run: number; n: number }>(
        `SELECT run, count(*) AS n FROM ${name} GROUP BY run`,
      );
      const meta = await connection.rows<{ rows: number }>('SELECT rows FROM _meta WHERE table_name = $1', [name]);
      if (row === undefined || others.length > 0 || row.n !== 10 || row.run > round)
        violations.push(`${round} ${name}`);
      if (finished.has(name) && row?.run !== round) violations.push(`${round} ${name}: acknowledged and gone`);
      if (meta.length !== 1 || meta[0]?.rows !== 10) violations.push(`${round} ${name}: _meta`);
    }
  }
  process.stdout.write(`kill -9 of a connector: 20 runs, ${violations.length} violations\n`);
  expect(violations).toStrictEqual([]);
  expect((await run(names.map((name) => ({ name, run: 99 })))).code).toBe(0);
});

describe('the other side', () => {
  test.each([
    ['hello', 'not one line of JSON'],
    ['', 'not one line of JSON'],
    ['null', 'Invalid type'],
    ['[]', 'type'],
    ['{}', 'type'],
    ['{"type":"table_done"}', 'table'],
    ['{"type":"table_done","table":"a","rows":-1,"size_bytes":0}', 'rows'],
    ['{"type":"progress","done":"1","unit":"rows"}', 'done'],
    ['{"type":"from_the_future"}', 'type'],
    [`{"type":"log","level":"info","message":"${'x'.repeat(MAX_LINE)}"}`, 'characters'],
  ])('rubbish is refused and shown: %#', (line, reason) => {
    expect(() => parseConnectorLine(line)).toThrow(
      expect.objectContaining({ code: 'connector_protocol', message: expect.stringContaining(reason) }),
    );
    expect(() => parseConnectorLine(line)).toThrow(
      expect.objectContaining({ message: expect.not.stringMatching(/x{300}/) }),
    );
  });

  test('a field that this version does not know is left out', () => {
    expect(parseConnectorLine('{"type":"done","tables_ok":1,"tables_failed":0,"later":true}')).toStrictEqual({
      type: 'done',
      tables_ok: 1,
      tables_failed: 0,
    });
  });

  test('a connector that asks for a variable of an impossible name cannot be defined', () => {
    expect(() => defineConnector({ sourceType: 'x', environment: ['lower'], extractTable: async () => {} })).toThrow(
      expect.objectContaining({ code: 'invalid_identifier' }),
    );
  });
});

test('a file in the place of the source folder fails each table', async () => {
  const path = join(folder, 'file');
  await writeFile(path, '');
  const { code, messages } = await run([{ name: 'a' }], { output_dir: path });
  expect(code).toBe(1);
  expect(failures(messages)).toHaveLength(1);
});
