import { gzipSync } from 'node:zlib';
import { type Case, published, refused, said, warned } from '../case.ts';

const TWO = { id: 'BIGINT', v: 'VARCHAR' } as const;
const text = (...lines: readonly string[]): string => `${lines.join('\n')}\n`;
const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => `${index},${index}`);
const bigEndian = (content: string): Buffer => Buffer.from(`\uFEFF${content}`, 'utf16le').swap16();

/** How text files can be written, well and badly. */
export const csvText: readonly Case[] = [
  { name: 'bom', bad: { 'a.csv': '\uFEFFid,v\n1,č\n' }, expected: published(TWO, [{ id: 1, v: 'č' }]) },
  {
    name: 'crlf',
    bad: { 'a.csv': 'id,v\r\n1,x\r\n2,"y\r\nz"\r\n' },
    expected: published(TWO, [
      { id: 1, v: 'x' },
      { id: 2, v: 'y\r\nz' },
    ]),
  },
  {
    name: 'bare_cr',
    bad: { 'a.csv': 'id,v\r1,x\r2,y\r' },
    expected: published(TWO, [
      { id: 1, v: 'x' },
      { id: 2, v: 'y' },
    ]),
  },
  {
    name: 'no_last_line_end',
    bad: { 'a.csv': 'id,v\n1,x\n2,y' },
    expected: published(TWO, [
      { id: 1, v: 'x' },
      { id: 2, v: 'y' },
    ]),
  },
  {
    name: 'utf16_le',
    bad: { 'a.csv': Buffer.from('\uFEFFid,v\n1,příliš 🐎\n', 'utf16le') },
    expected: published(TWO, [{ id: 1, v: 'příliš 🐎' }]),
  },
  {
    name: 'utf16_be',
    bad: { 'a.csv': bigEndian('id,v\n1,příliš 🐎\n') },
    expected: published(TWO, [{ id: 1, v: 'příliš 🐎' }]),
  },
  {
    name: 'latin_1',
    bad: { 'a.csv': Buffer.from('id,v\n1,ok\n2,caf\xe9\n', 'latin1') },
    expected: refused('source_file_invalid', 'latin_1/a.csv', 'line 3', /UTF-8/i),
  },
  {
    name: 'latin_1_late',
    bad: { 'a.csv': Buffer.from(`${text('id,v', ...numbered(30_000))}2,caf\xe9\n`, 'latin1') },
    expected: refused('source_file_invalid', 'latin_1_late/a.csv', 'line 30002', /UTF-8/i),
  },
  { name: 'nul_bytes', bad: { 'a.csv': 'id,v\n1,a\0b\n' }, expected: published(TWO, [{ id: 1, v: 'a\0b' }]) },
  {
    name: 'ragged_short',
    bad: { 'a.csv': text('id,v', '1,x', '2', '3,z') },
    expected: refused('source_file_invalid', 'ragged_short/a.csv', 'line 3'),
  },
  {
    name: 'ragged_long',
    bad: { 'a.csv': text('id,v', '1,x', '2,y,z', '3,z') },
    expected: refused('source_file_invalid', 'ragged_long/a.csv', 'line 3'),
  },
  {
    name: 'ragged_late',
    bad: { 'a.csv': text('id,v', ...numbered(30_000), 'x', '1,2') },
    expected: refused('source_file_invalid', 'ragged_late/a.csv', 'line 30002'),
  },
  {
    name: 'ragged_second_file',
    source: '*.csv',
    bad: { 'a.csv': text('id,v', '1,x'), 'b.csv': text('id,v', '1,x', '2') },
    expected: refused('source_file_invalid', 'ragged_second_file/b.csv', 'line 3'),
  },
  {
    name: 'mixed_types_late',
    bad: { 'a.csv': text('id,v', ...numbered(30_000), '30000,n/a') },
    expected: {
      outcome: 'warned',
      table: {
        types: TWO,
        count: 30_001,
        query: {
          sql: 'SELECT count(*) FILTER (v = id::VARCHAR) AS same, any_value(v) FILTER (id = 30000) AS last FROM {table}',
          rows: [{ same: 30_000, last: 'n/a' }],
        },
      },
      warnings: [said('mixed_types', '"v"', 'line 30002', '1 of 30001')],
    },
  },
  {
    name: 'mixed_types_after_quoted_newlines',
    bad: { 'a.csv': text('id,v', '"1",1', '2,"2"', '3,"3\n"', ...numbered(20), '4,x') },
    expected: {
      outcome: 'warned',
      table: { types: TWO, count: 24 },
      warnings: [said('mixed_types', '"v"', '2 of 24', /line 4$|line 4\.$/)],
    },
  },
  {
    name: 'mixed_types_second_file',
    source: '*.csv',
    bad: { 'a.csv': text('id,v', ...numbered(20)), 'b.csv': text('id,v', '1,1', '2,x') },
    expected: {
      outcome: 'warned',
      table: { types: TWO, count: 22 },
      warnings: [said('mixed_types', '"v"', 'mixed_types_second_file/b.csv', 'line 3')],
    },
  },
  {
    name: 'quoted_newlines',
    bad: { 'a.csv': text('id,v', '1,"a\nb"', '2,"he said ""no"",\n\nthen left"') },
    expected: published(TWO, [
      { id: 1, v: 'a\nb' },
      { id: 2, v: 'he said "no",\n\nthen left' },
    ]),
  },
  {
    name: 'unclosed_quote',
    bad: { 'a.csv': text('id,v', '1,x', '2,"y', '3,z') },
    expected: refused('source_file_invalid', 'unclosed_quote/a.csv', 'line 3'),
  },
  {
    name: 'unclosed_quote_late',
    bad: { 'a.csv': text('id,v', ...numbered(30_000), '2,"y', '3,z') },
    expected: refused('source_file_invalid', 'unclosed_quote_late/a.csv', 'line 30002'),
  },
  {
    name: 'empty_lines_above',
    bad: { 'a.csv': '\r\n\r\nid,v\r\n1,x\r\n' },
    expected: published(TWO, [{ id: 1, v: 'x' }]),
  },
  {
    name: 'apostrophes',
    bad: { 'a.csv': text('id,v', "1,'007'", '2,"12"" pipe"') },
    expected: published(TWO, [
      { id: 1, v: "'007'" },
      { id: 2, v: '12" pipe' },
    ]),
  },
  {
    name: 'backslashes',
    bad: { 'a.csv': text('id,v', '1,"a\\"b"', '2,"C:\\temp"') },
    expected: refused('source_file_invalid', 'backslashes/a.csv', 'line 3', /backslash/),
  },
  {
    name: 'title_above',
    bad: { 'a.csv': text('Report 2024', 'id,v', '1,x') },
    expected: warned(
      { 'Report 2024': 'VARCHAR' },
      [{ 'Report 2024': 'id,v' }, { 'Report 2024': '1,x' }],
      said('one_column', 'line 1', '2 values'),
    ),
  },
  {
    name: 'no_header',
    bad: { 'a.csv': text('1,2.5', '2,3.5') },
    expected: warned(
      { column0: 'BIGINT', column1: 'DOUBLE' },
      [
        { column0: 1, column1: 2.5 },
        { column0: 2, column1: 3.5 },
      ],
      said('no_header', 'line 1', 'column0'),
    ),
  },
  {
    name: 'duplicate_header',
    bad: { 'a.csv': text('id,v,v', '1,x,y') },
    expected: warned(
      { id: 'BIGINT', v: 'VARCHAR', v_1: 'VARCHAR' },
      [{ id: 1, v: 'x', v_1: 'y' }],
      said('column_renamed', 'line 1', 'column 3', '"v_1"'),
    ),
  },
  {
    name: 'empty_header',
    bad: { 'a.csv': text('id,,v', '1,x,y') },
    expected: warned(
      { id: 'BIGINT', column1: 'VARCHAR', v: 'VARCHAR' },
      [{ id: 1, column1: 'x', v: 'y' }],
      said('column_renamed', 'line 1', 'column 2', '"column1"'),
    ),
  },
  {
    name: 'only_header',
    bad: { 'a.csv': 'id,v\n' },
    expected: warned({ id: 'VARCHAR', v: 'VARCHAR' }, [], said('no_rows', 'a.csv')),
  },
  { name: 'zero_bytes', bad: { 'a.csv': '' }, expected: refused('source_file_invalid', 'zero_bytes/a.csv', /empty/) },
  {
    name: 'only_line_ends',
    bad: { 'a.csv': '\n\n\n' },
    expected: refused('source_file_invalid', 'only_line_ends/a.csv'),
  },
  {
    name: 'zero_bytes_of_two',
    source: '*.csv',
    bad: { 'a.csv': text('id,v', '1,x'), 'b.csv': '' },
    expected: refused('source_file_invalid', 'zero_bytes_of_two/b.csv', /empty/),
  },
  {
    name: 'line_of_64_mb',
    bad: { 'a.csv': text('id,v', '1,x', `2,${'y'.repeat(64 * 1024 * 1024)}`) },
    expected: refused('source_file_invalid', 'line_of_64_mb/a.csv', /line/i),
  },
  {
    name: 'line_of_20_mb',
    bad: { 'a.csv': text('id,v', '1,x', `2,${'y'.repeat(20 * 1024 * 1024)}`) },
    expected: {
      outcome: 'published',
      table: {
        types: TWO,
        count: 2,
        query: { sql: 'SELECT max(length(v)) AS n FROM {table}', rows: [{ n: 20 * 1024 * 1024 }] },
      },
    },
  },
  {
    name: 'columns_5000',
    bad: {
      'a.csv': text(
        Array.from({ length: 5_000 }, (_, index) => `c${index}`).join(','),
        Array.from({ length: 5_000 }, (_, index) => index).join(','),
      ),
    },
    expected: {
      outcome: 'published',
      table: {
        types: Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`c${index}`, 'BIGINT'])),
        count: 1,
        query: { sql: 'SELECT c0, c4999 FROM {table}', rows: [{ c0: 0, c4999: 4_999 }] },
      },
    },
  },
  {
    name: 'different_columns',
    source: '*.csv',
    bad: { 'a.csv': text('id,v', '1,x'), 'b.csv': text('w,id', 'y,2') },
    expected: published({ id: 'BIGINT', v: 'VARCHAR', w: 'VARCHAR' }, [
      { id: 1, v: 'x', w: null },
      { id: 2, v: null, w: 'y' },
    ]),
  },
  {
    name: 'truncated_gzip',
    source: 'a.csv.gz',
    good: { 'a.csv.gz': gzipSync('id,v\n1,good\n') },
    bad: { 'a.csv.gz': gzipSync(text('id,v', ...numbered(30_000))).subarray(0, 20_000) },
    expected: refused('source_file_invalid', 'truncated_gzip/a.csv.gz'),
  },
  {
    name: 'no_gzip',
    source: 'a.csv.gz',
    good: { 'a.csv.gz': gzipSync('id,v\n1,good\n') },
    bad: { 'a.csv.gz': text('id,v', '1,x') },
    expected: refused('source_file_invalid', 'no_gzip/a.csv.gz'),
  },
];
