import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Column, copyToParquet, openDatabase, quoteIdentifier, type Row } from '@agnes/duckdb';
import {
  answerRequest,
  type ConnectorMessage,
  type ConnectorTable,
  parseConnectorLine,
  parseConnectorRequest,
  readExtract,
} from '@agnes/extract-contract';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { filesConnector } from './index.ts';

let root: string;
let output: string;
beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'agnes-files-'));
  root = join(folder, 'in put');
  output = join(folder, 'out');
  await mkdir(root);
  await mkdir(output);
});
afterEach(() => rm(dirname(root), { recursive: true, force: true }));

type Table = Partial<ConnectorTable> & { readonly name: string };

/** Runs the connector over tables and gives what it says. */
async function extract(tables: readonly Table[], roots: readonly string[] = [root]) {
  const messages: ConnectorMessage[] = [];
  const request = parseConnectorRequest(requestLine(tables, roots));
  const code = await answerRequest(filesConnector, request, { send: (message) => messages.push(message) });
  return { code, messages };
}

/** The same in its own process, as the server runs it. */
async function extractInProcess(tables: readonly Table[], roots: readonly string[] = [root]) {
  const child = spawn(process.execPath, ['--conditions=@agnes/source', join(import.meta.dirname, 'run.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH },
  });
  child.stdin.end(`${requestLine(tables, roots)}\n`);
  const closed = new Promise<number | null>((resolve) => {
    child.once('close', (code) => resolve(code));
  });
  let text = '';
  for await (const data of child.stdout) text += String(data);
  return { code: await closed, messages: text.trim().split('\n').map(parseConnectorLine) };
}

function requestLine(tables: readonly Table[], roots: readonly string[]): string {
  const request = { protocol: 1, source: 'demo', output_dir: output, config: { roots } };
  return JSON.stringify({ ...request, tables: tables.map((table) => ({ id: table.name, ...table })) });
}

/** Extracts one table and reads it back. */
async function one(files: Readonly<Record<string, string | Buffer>>, table: Partial<Table> = {}) {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), content);
  }
  const [first] = Object.keys(files);
  const result = await extract([{ name: 't', source_table: first ?? '', ...table }]);
  const failed = result.messages.find((message) => message.type === 'table_failed');
  const done = result.messages.find((message) => message.type === 'table_done');
  const read = done === undefined ? { columns: [], rows: [] } : await readTable('t');
  return { ...result, failed, warnings: done?.warnings ?? [], ...read };
}

async function readTable(name: string): Promise<{ columns: Column[]; rows: Row[] }> {
  await using database = await openDatabase(join(output, 'extract.duckdb'), { readOnly: true });
  const connection = await database.connect();
  const from = `FROM ${quoteIdentifier(name)}`;
  return { columns: await connection.columns(from), rows: await connection.rows(from) };
}

const types = (columns: readonly Column[]) => Object.fromEntries(columns.map((column) => [column.name, column.type]));

describe('CSV values stay what they are', () => {
  const cases: readonly [name: string, lines: string, type: string, value: unknown][] = [
    ['whole numbers', '1\n-20', 'BIGINT', 1],
    ['the largest BIGINT', '9223372036854775807', 'BIGINT', 9223372036854775807n],
    ['numbers beyond BIGINT', '9223372036854775808\n1', 'DECIMAL(19,0)', '9223372036854775808'],
    ['numbers beyond any decimal', `${'9'.repeat(50)}`, 'VARCHAR', '9'.repeat(50)],
    ['decimals', '1.5\n2', 'DOUBLE', 1.5],
    ['decimals that a DOUBLE gives back', '33.98116000000001', 'DOUBLE', 33.98116000000001],
    ['decimals that a DOUBLE would round', '0.12345678901234567890\n1.5', 'DECIMAL(21,20)', '0.12345678901234567890'],
    ['whole numbers that a DOUBLE would round', '9007199254740993\n1.5', 'DECIMAL(17,1)', '9007199254740993.0'],
    ['exponents', '1e3\n2.5E-3', 'DOUBLE', 1000],
    ['exponents beyond a DOUBLE', '1e999', 'VARCHAR', '1e999'],
    ['exponents below a DOUBLE', '1e-400', 'VARCHAR', '1e-400'],
    ['minus zero', '-0\n1', 'DOUBLE', -0],
    ['NaN among numbers', 'NaN\n1.5', 'DOUBLE', Number.NaN],
    ['NaN alone', 'NaN', 'VARCHAR', 'NaN'],
    ['codes with leading zeros', '00123\n456', 'VARCHAR', '00123'],
    ['a plus sign', '+420123\n1', 'VARCHAR', '+420123'],
    ['true and false', 'true\nFALSE', 'BOOLEAN', true],
    ['T and F', 'T\nF', 'VARCHAR', 'T'],
    ['dates', '2024-02-29\n2024-01-01', 'DATE', '2024-02-29'],
    ['dates that do not exist', '2024-02-30\n2024-01-01', 'VARCHAR', '2024-02-30'],
    ['dates and times', '2024-02-29\n2024-01-01 10:00', 'TIMESTAMP', '2024-02-29T00:00:00'],
    ['times with a zone', '2024-02-29T10:00:00+02:00', 'TIMESTAMP WITH TIME ZONE', '2024-02-29T08:00:00Z'],
    ['nanoseconds', '2024-02-29T10:00:00.123456789', 'VARCHAR', '2024-02-29T10:00:00.123456789'],
    ['dates that read one way only', '31/12/2023\n01/02/2024', 'DATE', '2023-12-31'],
    ['dates that read two ways', '01/02/2024\n03/04/2024', 'VARCHAR', '01/02/2024'],
    ['text with spaces around', ' a \nb', 'VARCHAR', ' a '],
    ['nothing', '""\n""', 'VARCHAR', null],
  ];

  test('all in one run', async () => {
    const tables = cases.map(([, lines], index) => ({ name: `v${index}`, source_table: `v${index}.csv`, lines }));
    for (const { source_table, lines } of tables) {
      const rows = lines.split('\n').map((line, index) => `${index},${line}`);
      await writeFile(join(root, source_table), `i,v\n${rows.join('\n')}\n`);
    }
    expect((await extract(tables)).code).toBe(0);
    for (const [index, [name, lines, type, value]] of cases.entries()) {
      const { columns, rows } = await readTable(`v${index}`);
      expect({ name, type: types(columns).v, value: rows[0]?.v, rows: rows.length }).toStrictEqual({
        name,
        type,
        value,
        rows: lines.split('\n').length,
      });
    }
  });

  test('a type that the registration gives wins, and what does not fit names the file', async () => {
    const files = { 'a.csv': 'id,price\n1,2.50\n2,x\n' };
    const asText = await one(files, { column_types: { id: 'VARCHAR', price: 'VARCHAR' } });
    expect(asText.rows).toStrictEqual([
      { id: '1', price: '2.50' },
      { id: '2', price: 'x' },
    ]);
    const refused = await one(files, { column_types: { price: 'DECIMAL(10,2)' } });
    expect(refused.failed).toMatchObject({ code: 'source_file_invalid', message: expect.stringContaining('a.csv') });
    expect(refused.code).toBe(1);
    expect((await readTable('t')).rows).toHaveLength(2);
  });

  test.each([
    ['a column that is not there', { nothing: 'DATE' }],
    ['no type', { id: 'VARCHAR); DROP TABLE x; --' }],
    ['an unknown type', { id: 'COLOUR' }],
  ])('column_types with %s is refused', async (_case, column_types) => {
    expect((await one({ 'a.csv': 'id\n1\n' }, { column_types })).failed).toMatchObject({ code: 'invalid_config' });
  });
});

describe('CSV files', () => {
  test('a value in a late line decides, and nearly all numbers is worth a warning', async () => {
    const lines = Array.from({ length: 50_000 }, (_, index) => `${index}`);
    const { columns, rows, warnings } = await one({ 'a.csv': `n\n${lines.join('\n')}\nn/a\n` });
    expect(types(columns)).toStrictEqual({ n: 'VARCHAR' });
    expect(rows.at(-1)).toStrictEqual({ n: 'n/a' });
    expect(warnings).toMatchObject([{ code: 'mixed_types', message: expect.stringContaining('1 of 50001') }]);
  });

  test.each([
    ['too few values', 'a,b\n1,2\n3\n4,5\n', 3],
    ['too many values', 'a,b\n1,2\n3,4,5\n', 3],
  ])('a line with %s is refused with its number', async (_case, content, line) => {
    expect((await one({ 'a.csv': content })).failed).toMatchObject({
      code: 'source_file_invalid',
      message: expect.stringMatching(new RegExp(`a\\.csv, line ${line}`)),
      hint: 'Correct the file where it is made, then sync again.',
    });
  });

  test('a quote that is never closed is refused', async () => {
    expect((await one({ 'a.csv': 'a,b\n1,"x\n2,y\n' })).failed).toMatchObject({ code: 'source_file_invalid' });
  });

  test('equal and empty names become different ones, with a warning', async () => {
    const { columns, warnings } = await one({ 'a.csv': 'a,a,,A\n1,2,3,4\n' });
    const names = columns.map((column) => column.name);
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(4);
    expect(names[0]).toBe('a');
    expect(warnings).toHaveLength(3);
    expect(warnings[0]).toMatchObject({ code: 'column_renamed', message: expect.stringContaining('column 2') });
  });

  test.each([
    ['semicolons', 'a.csv', 'a;b\n1;x\n', {}],
    ['tabs', 'a.tsv', 'a\tb\n1\tx\n', {}],
    ['CRLF and a byte order mark', 'a.csv', '\uFEFFa,b\r\n1,x\r\n', {}],
    ['gzip', 'a.csv.gz', gzipSync('a,b\n1,x\n'), {}],
    ['an option', 'a.txt', 'a~b\n1~x\n', { format: 'csv', delimiter: '~' }],
  ])('with %s', async (_case, name, content, options) => {
    expect((await one({ [name]: content }, { options })).rows).toStrictEqual([{ a: 1, b: 'x' }]);
  });

  test('quoted line feeds and quotes', async () => {
    expect((await one({ 'a.csv': 'a,b\n"x\ny","he said ""hi"", twice"\n' })).rows).toStrictEqual([
      { a: 'x\ny', b: 'he said "hi", twice' },
    ]);
  });

  test('only a header is a table without rows', async () => {
    expect(await one({ 'a.csv': 'a,b\n' })).toMatchObject({ rows: [], columns: [{ name: 'a' }, { name: 'b' }] });
  });

  test('without a header', async () => {
    expect((await one({ 'a.csv': '1,x\n2,y\n' }, { options: { header: false } })).rows).toHaveLength(2);
  });

  test('an unknown option is refused by name', async () => {
    expect((await one({ 'a.csv': 'a\n1\n' }, { options: { seperator: ';' } })).failed).toMatchObject({
      code: 'invalid_config',
      message: expect.stringContaining('seperator'),
    });
  });
});

describe('CSV that a reader would change in silence', () => {
  const titled = 'the lines below this one have 2 values each';
  const cases: readonly [name: string, content: string | Buffer, rows: readonly Row[], warnings?: readonly string[]][] =
    [
      ['short years late', 'd\n31/12/2024\n13/01/24\n', [{ d: '31/12/2024' }, { d: '13/01/24' }]],
      ['short years with points', 'd\n31.12.2012\n13.1.03\n', [{ d: '31.12.2012' }, { d: '13.1.03' }]],
      [
        'short years of times',
        'd\n31/12/2024 10:00:00\n13/01/24 10:00:00\n',
        [{ d: '31/12/2024 10:00:00' }, { d: '13/01/24 10:00:00' }],
      ],
      ['one digit of days and months', 'd\n31.12.2012\n1.1.2013\n', [{ d: '2012-12-31' }, { d: '2013-01-01' }]],
      ['an empty line above', '\na,b\n1,2\n', [{ a: 1, b: 2 }]],
      ['empty lines above', '\r\n\r\n\r\na,b\r\n1,2\r\n', [{ a: 1, b: 2 }]],
      ['a mark and an empty line above', '\uFEFF\na,b\n1,2\n', [{ a: 1, b: 2 }]],
      ['an empty line above one column', '\n\nx\n1\n', [{ x: 1 }]],
      [
        'apostrophes',
        "id,code\n1,'007'\n2,'008'\n",
        [
          { id: 1, code: "'007'" },
          { id: 2, code: "'008'" },
        ],
      ],
      [
        'apostrophes, then quotes',
        `id,v\n1,'007'\n2,"12"" pipe"\n`,
        [
          { id: 1, v: "'007'" },
          { id: 2, v: '12" pipe' },
        ],
      ],
      [
        'backslashes and no escaped quote',
        'id,p\n1,"a"\n2,"C:\\temp"\n',
        [
          { id: 1, p: 'a' },
          { id: 2, p: 'C:\\temp' },
        ],
      ],
      [
        'escaped quotes and backslashes',
        'id,p\n1,"a\\"b"\n2,"C:\\\\t"\n',
        [
          { id: 1, p: 'a"b' },
          { id: 2, p: 'C:\\t' },
        ],
      ],
      [
        'numbers under the least DOUBLE',
        `x\n0.${'0'.repeat(400)}123\n1\n`,
        [{ x: `0.${'0'.repeat(400)}123` }, { x: '1' }],
        ['"x"'],
      ],
      ['zeros', 'x\n0.00\n0.0000000000000000000\n', [{ x: 0 }, { x: 0 }]],
      [
        'zones that are none',
        't\n2024-01-01T10:00:00+99\n2024-01-01T10:00:00+05:75\n',
        [{ t: '2024-01-01T10:00:00+99' }, { t: '2024-01-01T10:00:00+05:75' }],
      ],
      [
        'a title',
        'Report 2024\na,b\n1,2\n3,4\n',
        [{ 'Report 2024': 'a,b' }, { 'Report 2024': '1,2' }, { 'Report 2024': '3,4' }],
        [titled],
      ],
      ['empty lines in one column', 'x\n1\n\n\n', [{ x: 1 }, { x: null }, { x: null }]],
    ];

  test('all in one run', async () => {
    const tables = cases.map((_, index) => ({ name: `c${index}`, source_table: `c${index}.csv` }));
    for (const [index, [, content]] of cases.entries()) await writeFile(join(root, `c${index}.csv`), content);
    const { messages } = await extract(tables);
    for (const [index, [name, , rows, warnings = []]] of cases.entries()) {
      const done = messages.find((message) => message.type === 'table_done' && message.table === `c${index}`);
      expect(done, name).toBeDefined();
      expect({ name, rows: (await readTable(`c${index}`)).rows }).toStrictEqual({ name, rows });
      const said = done?.type === 'table_done' ? (done.warnings ?? []) : [];
      expect(said, name).toMatchObject(warnings.map((words) => ({ message: expect.stringContaining(words) })));
    }
  });

  test('backslashes that would be lost are refused with their line, unless the option asks for it', async () => {
    const files = { 'a.csv': 'id,p\n1,"a\\"b"\n2,"C:\\temp"\n' };
    expect((await one(files)).failed).toMatchObject({
      code: 'source_file_invalid',
      message: expect.stringMatching(/a\.csv, line 3/),
      hint: expect.stringContaining('escape'),
    });
    const bare = { 'b.csv': 'id,p,q\n1,x,"a\\"b"\n2,5" pipe,"C:\\temp"\n' };
    expect((await one(bare)).failed).toMatchObject({ message: expect.stringMatching(/b\.csv, line 3/) });
    expect((await one(files, { options: { escape: '\\' } })).rows[1]).toStrictEqual({ id: 2, p: 'C:temp' });
  });

  test('what a type of the registration takes for another time is told', async () => {
    const lines = ['24-01-13,2024-01-16', '2024-01-13,2024-01-16T10:00:00+99', '2024-01-13,2024-01-16T10:00:00+15:00'];
    const { warnings } = await one(
      { 'a.csv': `d,t\n${lines.join('\n')}\n` },
      { column_types: { d: 'DATE', t: 'TIMESTAMP WITH TIME ZONE' } },
    );
    expect(warnings.map(({ code, message }) => [code, /line \d/.exec(message)?.[0]])).toStrictEqual([
      ['misread', 'line 2'],
      ['misread', 'line 3'],
    ]);
  });

  test('a large file with line ends in quotes is read whole', async () => {
    const note = '"Dear all, this is line one\nand, line two of the note\n\nRegards, ""Bob"", x"';
    const content = Array.from({ length: 500_000 }, (_, index) => `${index},${note}\n`).join('');
    const { rows, warnings, failed } = await one({ 'a.csv': `id,v\n${content}` }, { options: { header: true } });
    expect(failed).toBeUndefined();
    expect(warnings).toStrictEqual([]);
    expect(rows).toHaveLength(500_000);
    expect(rows.every(({ id }, index) => id === index)).toBe(true);
  }, 60_000);
});

describe('several files', () => {
  test('are one table in the order of their names, columns by name, types widened', async () => {
    const { rows, columns } = await one(
      { 'd/b.csv': 'b,a\nx,2.5\n', 'd/a.csv': 'a\n1\n', 'd/.hidden.csv': 'z\n9\n' },
      { source_table: 'd' },
    );
    expect(types(columns)).toStrictEqual({ a: 'DOUBLE', b: 'VARCHAR' });
    expect(rows).toStrictEqual([
      { a: 1, b: null },
      { a: 2.5, b: 'x' },
    ]);
  });

  test('by a glob, in a bucket', async () => {
    const files = { 'in/2024/a.ndjson': '{"i":1}\n', 'in/2025/a.ndjson': '{"i":2}\n', 'in/2025/b.csv': 'i\n3\n' };
    expect((await one(files, { bucket: 'in', source_table: '**/*.ndjson' })).rows).toStrictEqual([{ i: 1 }, { i: 2 }]);
  });

  test('of several formats are refused', async () => {
    const { failed } = await one({ 'd/a.csv': 'a\n1\n', 'd/b.json': '[{"a":1}]' }, { source_table: 'd' });
    expect(failed).toMatchObject({ code: 'source_file_invalid', hint: expect.stringContaining('glob') });
  });
});

describe('JSON', () => {
  test.each([
    ['an array', 'a.json', '[{"a":1,"b":{"c":[1,2]}},{"a":2}]'],
    ['objects one after another', 'a.json', '{"a":1,"b":{"c":[1,2]}}\n{\n"a":2}'],
    ['lines', 'a.ndjson', '{"a":1,"b":{"c":[1,2]}}\n{"a":2}\n'],
    ['gzip', 'a.jsonl.gz', gzipSync('{"a":1,"b":{"c":[1,2]}}\n{"a":2}\n')],
  ])('%s', async (_case, name, content) => {
    const { rows, columns } = await one({ [name]: content });
    expect(types(columns)).toStrictEqual({ a: 'BIGINT', b: 'STRUCT(c BIGINT[])' });
    expect(rows).toStrictEqual([
      { a: 1, b: { c: [1, 2] } },
      { a: 2, b: null },
    ]);
  });

  test('numbers that a DOUBLE would round are text with their digits, and a warning names the place', async () => {
    const exact =
      '{"id":12345678901234567890123,"p":[{"x":0.12345678901234567890}],"ok":0.1,"big":18446744073709551615}';
    const { rows, warnings } = await one({ 'a.json': `[${exact},{"id":1,"p":[{"x":1.50}],"ok":2}]` });
    expect(rows).toStrictEqual([
      { id: '12345678901234567890123', p: [{ x: '0.12345678901234567890' }], ok: 0.1, big: '18446744073709551615' },
      { id: '1', p: [{ x: '1.50' }], ok: 2, big: null },
    ]);
    expect(warnings.map((warning) => warning.message.split(' ')[0]).sort()).toStrictEqual(['id', 'p[].x']);
  });

  test('times keep their zone, texts keep their letters, and mixed scalars are text', async () => {
    const { rows, columns } = await one({
      'a.ndjson': [
        '{"at":"2024-01-01T10:00:00+02:00","d":"2024-01-01","u":"550E8400-E29B-41D4-A716-446655440000","m":1,"n":{"at":"2024-01-01"}}',
        '{"at":"2024-01-01T10:00:00Z","d":"2024-01-02","u":"550E8400-E29B-41D4-A716-446655440001","m":"x","n":{"at":"2024-01-01"}}',
      ].join('\n'),
    });
    expect(types(columns)).toMatchObject({ at: 'TIMESTAMP WITH TIME ZONE', d: 'DATE', u: 'VARCHAR', m: 'VARCHAR' });
    expect(rows).toMatchObject([
      { at: '2024-01-01T08:00:00Z', u: '550E8400-E29B-41D4-A716-446655440000', m: '1', n: { at: '2024-01-01' } },
      { at: '2024-01-01T10:00:00Z', m: 'x' },
    ]);
  });

  test.each([
    ['cut off', '[{"a":1},{"a":2'],
    ['a broken line', '{"a":1}\n{"a":\n{"a":3}\n'],
    ['the same key twice', '{"a":1,"a":2}'],
    ['keys that differ by letter case', '{"a":1,"A":2}'],
    ['keys inside that differ by letter case', '{"o":{"a":1,"A":2}}'],
  ])('%s is refused with the file', async (_case, content) => {
    expect((await one({ 'a.json': content })).failed).toMatchObject({ code: 'source_file_invalid' });
  });

  test('a key that only looks like a renamed one is fine', async () => {
    expect((await one({ 'a.json': '{"a":1,"a_1":2}' })).rows).toStrictEqual([{ a: 1, a_1: 2 }]);
  });

  test('values that are no objects are a column', async () => {
    expect((await one({ 'a.json': '[1,2]' })).rows).toHaveLength(2);
  });
});

describe('parquet', () => {
  async function parquet(name: string, select: string): Promise<void> {
    await using database = await openDatabase(':memory:');
    await mkdir(dirname(join(root, name)), { recursive: true });
    await copyToParquet(await database.connect(), select, join(root, name));
  }

  test('files with the same columns are copied byte by byte', async () => {
    await parquet('d/a.parquet', 'SELECT 1 AS i');
    await parquet('d/b.parquet', 'SELECT 2 AS i');
    expect((await one({}, { source_table: 'd' })).rows).toStrictEqual([{ i: 1 }, { i: 2 }]);
    const [table] = (await readExtract(output)).tables;
    expect(await readFile(table?.parts[1]?.path ?? '')).toStrictEqual(await readFile(join(root, 'd/b.parquet')));
  });

  test('files with other columns are brought together without losing a value', async () => {
    await parquet('d/a.parquet', "SELECT 1::INTEGER AS i, 2::INTEGER AS x, 3 AS y, 'a' AS s");
    await parquet('d/b.parquet', "SELECT 9007199254740993::BIGINT AS i, 0.5::DOUBLE AS x, DATE '2024-01-01' AS y");
    const { rows, columns, warnings } = await one({}, { source_table: 'd' });
    expect(types(columns)).toStrictEqual({ i: 'BIGINT', x: 'DOUBLE', y: 'VARCHAR', s: 'VARCHAR' });
    expect(rows).toStrictEqual([
      { i: 1, x: 2, y: '3', s: 'a' },
      { i: 9007199254740993n, x: 0.5, y: '2024-01-01', s: null },
    ]);
    expect(warnings).toMatchObject([{ code: 'mixed_types', message: expect.stringContaining('"y"') }]);
  });

  test('a cut off file is refused, and the table stays what it was', async () => {
    await parquet('a.parquet', 'SELECT 1 AS i');
    expect((await one({}, { source_table: 'a.parquet' })).rows).toHaveLength(1);
    const whole = await readFile(join(root, 'a.parquet'));
    const { failed, code } = await one({ 'a.parquet': whole.subarray(0, whole.length - 20) });
    expect(failed).toMatchObject({ code: 'source_file_invalid', message: expect.stringContaining('a.parquet') });
    expect(code).toBe(1);
    expect((await readTable('t')).rows).toStrictEqual([{ i: 1 }]);
  });
});

describe('where files may be', () => {
  test.each(['../secret.csv', 'd/../../secret.csv', '/etc/passwd', '../*.csv'])(
    '%s is refused',
    async (source_table) => {
      await writeFile(join(dirname(root), 'secret.csv'), 'a\n1\n');
      expect((await one({}, { source_table })).failed).toMatchObject({ code: 'source_path_refused' });
    },
  );

  test('a link out of the roots is refused, one inside is followed', async () => {
    await writeFile(join(dirname(root), 'secret.csv'), 'a\n1\n');
    await writeFile(join(root, 'real.csv'), 'a\n1\n');
    await symlink(join(dirname(root), 'secret.csv'), join(root, 'out.csv'));
    await symlink(dirname(root), join(root, 'up'));
    await symlink(join(root, 'real.csv'), join(root, 'inside.csv'));
    for (const source_table of ['out.csv', 'up/secret.csv', 'up/*.csv']) {
      expect((await one({}, { source_table })).failed, source_table).toMatchObject({ code: 'source_path_refused' });
    }
    expect((await one({}, { source_table: 'inside.csv' })).rows).toHaveLength(1);
  });

  test('links in a circle and names too long to exist are told, and leave other files alone', async () => {
    await writeFile(join(root, 'real.csv'), 'a\n1\n');
    await symlink('circle.csv', join(root, 'circle.csv'));
    for (const source_table of ['circle.csv', 'circle.csv/x.csv', `${'n'.repeat(900)}.csv`, '*.csv']) {
      expect((await one({}, { source_table })).failed, source_table).toMatchObject({
        code: 'source_file_not_found',
        hint: expect.any(String),
      });
    }
    expect((await one({}, { source_table: 'r*.csv' })).rows).toHaveLength(1);
  });

  test('a glob that stands for too many names is refused at once', async () => {
    await writeFile(join(root, 'real.csv'), 'a\n1\n');
    for (const source_table of ['{a,b}'.repeat(25), '{1..90000000}.csv', '{a,b{c,d}}'.repeat(12)]) {
      expect((await one({}, { source_table })).failed, source_table).toMatchObject({ code: 'source_path_refused' });
    }
    expect((await one({}, { source_table: '{real,other,{x,y}}{01..12,}.csv' })).rows).toHaveLength(1);
    expect((await one({}, { source_table: '{real,other}.csv' })).rows).toHaveLength(1);
  });

  test('nothing that matches names the pattern and the roots', async () => {
    for (const source_table of ['absent.csv', '*.csv', 'absent/*.csv']) {
      expect((await one({}, { source_table })).failed).toMatchObject({
        code: 'source_file_not_found',
        message: expect.stringMatching(/absent|\*\.csv/),
      });
    }
  });

  test('roots are looked through in order', async () => {
    const second = join(dirname(root), 'second');
    await mkdir(second);
    await writeFile(join(second, 'a.csv'), 'a\n2\n');
    await writeFile(join(second, 'b.csv'), 'a\n3\n');
    await writeFile(join(root, 'a.csv'), 'a\n1\n');
    const tables = ['a', 'b'].map((name) => ({ name, source_table: `${name}.csv` }));
    expect((await extract(tables, [root, second])).code).toBe(0);
    expect((await readTable('a')).rows).toStrictEqual([{ a: 1 }]);
    expect((await readTable('b')).rows).toStrictEqual([{ a: 3 }]);
  });

  test('a configuration without roots fails every table with the key', async () => {
    const { code, messages } = await extract([{ name: 't', source_table: 'a.csv' }], ['relative']);
    expect(code).toBe(1);
    expect(messages.find((message) => message.type === 'table_failed')).toMatchObject({
      code: 'invalid_config',
      message: expect.stringContaining('roots'),
    });
  });
});

test('one bad table leaves the others, and the exit code says so', async () => {
  await writeFile(join(root, 'good.csv'), 'a\n1\n');
  await writeFile(join(root, 'bad.csv'), 'a,b\n1,2\n3\n');
  const { code, messages } = await extractInProcess([
    { name: 'bad', source_table: 'bad.csv' },
    { name: 'good', source_table: 'good.csv' },
  ]);
  expect(code).toBe(2);
  expect(messages.at(-1)).toStrictEqual({ type: 'done', tables_ok: 1, tables_failed: 1 });
  expect((await readExtract(output)).tables.map((table) => table.table_name)).toStrictEqual(['good']);
});

test('every data file of vega-datasets is extracted, and as many rows as it has', async () => {
  const data = join(dirname(createRequire(import.meta.url).resolve('vega-datasets')), '..', 'data');
  const files = {
    flights: 'flights-3m.parquet',
    airports: 'airports.csv',
    weather: 'weather.csv',
    seattle_weather: 'seattle-weather.csv',
    earthquakes: 'earthquakes.json',
    movies: 'movies.json',
    unemployment: 'unemployment.tsv',
    us_10m: 'us-10m.json',
  };
  const tables = Object.entries(files).map(([name, source_table]) => ({ name, source_table }));
  const { code, messages } = await extractInProcess(tables, [data]);
  expect(code).toBe(0);
  const rows = messages.flatMap((message) => (message.type === 'table_done' ? [[message.table, message.rows]] : []));
  expect(Object.fromEntries(rows)).toStrictEqual({
    flights: 3_000_000,
    airports: 3376,
    weather: 2922,
    seattle_weather: 1461,
    earthquakes: 1,
    movies: 3201,
    unemployment: 3218,
    us_10m: 1,
  });
  expect(messages.filter((message) => message.type === 'progress' && message.unit === 'tables')).toHaveLength(8);
});
