import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase, type Row } from '@agnes/duckdb';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readExtract, writeFolder } from './index.ts';

let folder: string;
let source: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agnes-write-'));
  source = join(folder, 'shop');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const tablesOf = async () => (await readExtract(source)).tables.map((table) => table.table_name).sort();

async function rowsOf(table: string): Promise<Row[]> {
  await using database = await openDatabase(join(source, 'extract.duckdb'), { readOnly: true });
  await using connection = await database.connect();
  return connection.rows(`FROM ${table}`);
}

async function write(format: 'csv' | 'ndjson', content: string, columns: Record<string, string>): Promise<Row[]> {
  await writeFile(join(folder, `t.${format}`), content);
  await writeFolder(source, { tables: [{ name: 't', format, files: [`t.${format}`], columns }] }, folder);
  return rowsOf('t');
}

describe('writeFolder', () => {
  test('CSV and NDJSON become columns of the declared types; null and empty stay apart', async () => {
    const columns = { id: 'BIGINT', name: 'VARCHAR', total: 'DECIMAL(38,2)', day: 'DATE' };
    const csv = 'id,name,total,day\n1,"",123456789012345678901234567890.10,2026-01-02\n2,,,\n';
    const rows = [
      { id: 1, name: '', total: '123456789012345678901234567890.10', day: '2026-01-02' },
      { id: 2, name: null, total: null, day: null },
    ];
    expect(await write('csv', csv, columns)).toStrictEqual(rows);
    const lines = rows.map((row) => JSON.stringify(row)).join('\n');
    expect(await write('ndjson', lines, columns)).toStrictEqual(rows);
  });

  test.for([
    ['BIGINT', '1.5'],
    ['BIGINT', '99999999999999999999'],
    ['DECIMAL(18,2)', '1.239'],
    ['DATE', '2026-01-02 12:00:00'],
    ['DATE', '2026-02-30'],
    ['TIMESTAMP', '2026-01-02T12:00:00+02:00'],
    ['TIMESTAMP', '2026-01-02T12:00:00.1234567'],
    ['BOOLEAN', 'yes'],
  ] as const)('a %s is never changed to fit: %s refuses the table, and the extract stays', async ([type, value]) => {
    await write('csv', 'x\nkept\n', { x: 'VARCHAR' });
    await expect(write('csv', `x\n${value}\n`, { x: type })).rejects.toThrow(`Column x is ${type} and has the value`);
    expect(await rowsOf('t')).toStrictEqual([{ x: 'kept' }]);
  });

  test('all tables at once or none', async () => {
    await writeFile(join(folder, 'a.csv'), 'x\n1\n');
    const a = { name: 'a', format: 'csv', files: ['a.csv'], columns: { x: 'BIGINT' } };
    const gone = { ...a, name: 'b', files: ['gone.csv'] };
    await expect(writeFolder(source, { tables: [a, gone] }, folder)).rejects.toMatchObject({
      code: 'source_file_not_found',
    });
    await expect(readExtract(source)).rejects.toMatchObject({ code: 'extract_missing' });
  });

  test.for([
    [{ tables: [{ name: 'a b', format: 'parquet', files: ['x'] }] }],
    [{ tables: [{ name: 'a', format: 'csv', files: ['x'], columns: { x: 'INT; DROP TABLE y' } }] }],
    [{ tables: [{ name: 'a', format: 'csv', files: ['x'] }] }],
    [{ table: [] }],
    [null],
  ] as const)('a description that is not valid is refused: %j', async ([description]) => {
    await expect(writeFolder(source, description, folder)).rejects.toMatchObject({ code: 'invalid_config' });
  });
});

describe('agnes-extract', () => {
  const run = (args: readonly string[], input = '') => {
    const entry = join(import.meta.dirname, 'cli.ts');
    return spawnSync(process.execPath, ['--conditions=@agnes/source', entry, ...args], { input, encoding: 'utf8' });
  };

  test('write reads standard input, and check finds its work well', async () => {
    await writeFile(join(folder, 'o.csv'), 'id\n1\n2\n');
    const orders = { name: 'orders', format: 'csv', files: [join(folder, 'o.csv')], columns: { id: 'BIGINT' } };
    const written = run(['write', source, '-'], JSON.stringify({ tables: [orders] }));
    expect(JSON.parse(written.stdout)).toMatchObject({ tables: { orders: { rows: 2, parts: 1 } } });
    expect(run(['check', source])).toMatchObject({ status: 0, stdout: expect.stringContaining('0 failed') });
    expect(run(['write', source, '-'], JSON.stringify({ drop: ['orders'] })).status).toBe(0);
    expect(await tablesOf()).toStrictEqual([]);
  });

  test('failure is 1 with what to do, wrong usage is 2, help has an example', () => {
    expect(run(['check', join(folder, 'nowhere')])).toMatchObject({ status: 1 });
    expect(run(['write', source, '-'], 'no json')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('JSON'),
    });
    for (const args of [[], ['check'], ['dance', 'x'], ['check', 'x', '--no-such'], ['test', 'x']]) {
      expect(run(args).status, args.join(' ')).toBe(2);
    }
    expect(run(['--help'])).toMatchObject({ status: 0, stdout: expect.stringContaining('Example') });
  });
});
