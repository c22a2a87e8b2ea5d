import { type Case, published, refused, said, warned } from '../case.ts';

const lines = (...values: readonly unknown[]): string => `${values.map((value) => JSON.stringify(value)).join('\n')}\n`;

/** JSON in shapes that tables are not made of, and JSON that is none. */
export const json: readonly Case[] = [
  {
    name: 'json_nested',
    bad: { 'a.json': '[{"id":1,"v":{"a":{"b":[{"c":"x"}]},"n":1.5}},{"id":2,"v":{"a":null}}]' },
    expected: published({ id: 'BIGINT', v: 'STRUCT(a STRUCT(b STRUCT(c VARCHAR)[]), n DOUBLE)' }, [
      { id: 1, v: { a: { b: [{ c: 'x' }] }, n: 1.5 } },
      { id: 2, v: { a: null, n: null } },
    ]),
  },
  {
    name: 'json_mixed_array',
    bad: { 'a.ndjson': lines({ id: 1, v: [1, 'x', { b: 2 }] }, { id: 2, v: [true] }) },
    expected: warned(
      { id: 'BIGINT', v: 'JSON[]' },
      [
        { id: 1, v: ['1', '"x"', '{"b":2}'] },
        { id: 2, v: ['true'] },
      ],
      said('mixed_types', '"v"', 'line 1'),
    ),
  },
  {
    name: 'json_mixed_values',
    bad: { 'a.ndjson': lines({ id: 1, v: 1 }, { id: 2, v: 'x' }, { id: 3, v: true }) },
    expected: warned(
      { id: 'BIGINT', v: 'VARCHAR' },
      [
        { id: 1, v: '1' },
        { id: 2, v: 'x' },
        { id: 3, v: 'true' },
      ],
      said('mixed_types', '"v"', 'line 2'),
    ),
  },
  {
    name: 'json_mixed_objects',
    bad: { 'a.ndjson': lines({ id: 1, v: 1 }, { id: 2, v: { a: 1 } }) },
    expected: warned(
      { id: 'BIGINT', v: 'JSON' },
      [
        { id: 1, v: '1' },
        { id: 2, v: '{"a":1}' },
      ],
      said('mixed_types', '"v"', 'line 2'),
    ),
  },
  {
    name: 'json_huge_object',
    bad: { 'a.json': `{"id":1,"v":"${'x'.repeat(20 * 1024 * 1024)}"}` },
    expected: {
      outcome: 'published',
      table: {
        types: { id: 'BIGINT', v: 'VARCHAR' },
        count: 1,
        query: { sql: 'SELECT max(length(v)) AS n FROM {table}', rows: [{ n: 20 * 1024 * 1024 }] },
      },
    },
  },
  {
    name: 'json_many_keys',
    bad: {
      'a.json': JSON.stringify([Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`k${index}`, index]))]),
    },
    expected: {
      outcome: 'published',
      table: {
        types: Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`k${index}`, 'BIGINT'])),
        count: 1,
        query: { sql: 'SELECT k0, k1999 FROM {table}', rows: [{ k0: 0, k1999: 1_999 }] },
      },
    },
  },
  {
    name: 'json_deep',
    bad: { 'a.json': `[{"id":1,"v":${'['.repeat(500)}1${']'.repeat(500)}}]` },
    expected: refused('source_file_invalid', 'json_deep/a.json'),
  },
  {
    name: 'json_invalid_line',
    bad: { 'a.ndjson': '{"id":1,"v":"x"}\n{"id":2,"v":\n{"id":3,"v":"z"}\n' },
    expected: refused('source_file_invalid', 'json_invalid_line/a.ndjson', 'line 2'),
  },
  {
    name: 'json_invalid_line_late',
    bad: { 'a.ndjson': `${lines(...Array.from({ length: 30_000 }, (_, id) => ({ id, v: 'x' })))}oops\n` },
    expected: refused('source_file_invalid', 'json_invalid_line_late/a.ndjson', 'line 30001'),
  },
  {
    name: 'json_cut_off',
    bad: { 'a.json': '[{"id":1,"v":"x"},{"id":2,' },
    expected: refused('source_file_invalid', 'json_cut_off/a.json'),
  },
  {
    name: 'json_blank_lines',
    bad: { 'a.ndjson': '\n{"id":1,"v":"x"}\n\n{"id":2,"v":"y"}\n\n' },
    expected: published({ id: 'BIGINT', v: 'VARCHAR' }, [
      { id: 1, v: 'x' },
      { id: 2, v: 'y' },
    ]),
  },
  {
    name: 'json_bom',
    bad: { 'a.json': '\uFEFF[{"id":1,"v":"x"}]' },
    expected: published({ id: 'BIGINT', v: 'VARCHAR' }, [{ id: 1, v: 'x' }]),
  },
  {
    name: 'json_utf16',
    bad: { 'a.json': Buffer.from('\uFEFF[{"id":1,"v":"č"}]', 'utf16le') },
    expected: published({ id: 'BIGINT', v: 'VARCHAR' }, [{ id: 1, v: 'č' }]),
  },
  {
    name: 'json_latin_1',
    bad: { 'a.ndjson': Buffer.from('{"id":1,"v":"x"}\n{"id":2,"v":"caf\xe9"}\n', 'latin1') },
    expected: refused('source_file_invalid', 'json_latin_1/a.ndjson', 'line 2'),
  },
  {
    name: 'json_zero_bytes',
    bad: { 'a.json': '' },
    expected: refused('source_file_invalid', 'json_zero_bytes/a.json', /empty/),
  },
  {
    name: 'json_empty_array',
    bad: { 'a.json': '[]' },
    expected: refused('source_file_invalid', 'json_empty_array/a.json', /no (record|column)/),
  },
  {
    name: 'json_scalars',
    bad: { 'a.json': '[1,2]' },
    expected: published({ json: 'BIGINT' }, [{ json: 1 }, { json: 2 }]),
  },
  {
    name: 'json_long_numbers',
    bad: {
      'a.ndjson':
        '{"id":1,"v":1.5}\n{"id":2,"v":0.12345678901234567890}\n{"id":3,"v":123456789012345678901234567890}\n',
    },
    expected: warned(
      { id: 'BIGINT', v: 'VARCHAR' },
      [
        { id: 1, v: '1.5' },
        { id: 2, v: '0.12345678901234567890' },
        { id: 3, v: '123456789012345678901234567890' },
      ],
      said('number_as_text', /\bv\b/, 'line 2'),
    ),
  },
  {
    name: 'json_keys_by_case',
    bad: { 'a.json': '[{"id":1,"ID":2}]' },
    expected: refused('source_file_invalid', 'json_keys_by_case/a.json', /letter case/),
  },
  {
    name: 'json_repeated_key',
    bad: { 'a.ndjson': '{"id":1,"v":"x"}\n{"id":2,"v":"y","v":"z"}\n' },
    expected: refused('source_file_invalid', 'json_repeated_key/a.ndjson', '"v"', 'line 2'),
  },
  {
    name: 'json_proto',
    bad: { 'a.json': '[{"id":1,"constructor":"x"}]' },
    expected: published({ id: 'BIGINT', constructor: 'VARCHAR' }, [{ id: 1, constructor: 'x' }]),
  },
  {
    name: 'json_dates',
    bad: { 'a.ndjson': lines({ id: 1, v: '2024-01-31' }, { id: 2, v: '31/01/2024' }) },
    expected: published({ id: 'BIGINT', v: 'VARCHAR' }, [
      { id: 1, v: '2024-01-31' },
      { id: 2, v: '31/01/2024' },
    ]),
  },
];
