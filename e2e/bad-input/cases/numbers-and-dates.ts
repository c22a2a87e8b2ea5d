import { type Case, published, refused, said, warned } from '../case.ts';

const text = (...lines: readonly string[]): string =>
  `${['id,v', ...lines.map((line, index) => `${index},${line}`)].join('\n')}\n`;
const rows = (...values: readonly (string | number | bigint | boolean | null)[]) => values.map((v, id) => ({ id, v }));
const of = (type: string) => ({ id: 'BIGINT', v: type });
const counted = (count: number): string[] => Array.from({ length: count }, (_, index) => `${index}`);

/** Values that a reader that guesses would round, cut or turn into something else. */
export const numbersAndDates: readonly Case[] = [
  {
    name: 'int64_ends',
    bad: { 'a.csv': text('9223372036854775807', '-9223372036854775808') },
    expected: published(of('BIGINT'), rows(9223372036854775807n, -9223372036854775808n)),
  },
  {
    name: 'over_int64',
    bad: { 'a.csv': text('1', '9223372036854775808') },
    expected: warned(
      of('DECIMAL(19,0)'),
      rows('1', '9223372036854775808'),
      said('exact_decimal', '"v"', 'DECIMAL(19,0)', 'line 3'),
    ),
  },
  {
    name: 'over_int64_late',
    bad: { 'a.csv': text(...counted(30_000), '18446744073709551616') },
    expected: {
      outcome: 'warned',
      table: {
        types: of('DECIMAL(20,0)'),
        count: 30_001,
        query: { sql: 'SELECT max(v)::VARCHAR AS v FROM {table}', rows: [{ v: '18446744073709551616' }] },
      },
      warnings: [said('exact_decimal', '"v"', 'line 30002')],
    },
  },
  {
    name: 'over_38_digits',
    bad: { 'a.csv': text('1', '9'.repeat(50)) },
    expected: warned(of('VARCHAR'), rows('1', '9'.repeat(50)), said('number_as_text', '"v"', 'line 3')),
  },
  {
    name: 'decimal_17_digits',
    bad: { 'a.csv': text('0.12345678901234567', '1.5') },
    expected: warned(
      of('DECIMAL(18,17)'),
      rows('0.12345678901234567', '1.50000000000000000'),
      said('exact_decimal', '"v"', 'line 2'),
    ),
  },
  {
    name: 'decimal_30_digits',
    bad: { 'a.csv': text('1.5', '123456789012345.678901234567890') },
    expected: warned(
      of('DECIMAL(30,15)'),
      rows('1.500000000000000', '123456789012345.678901234567890'),
      said('exact_decimal', '"v"', 'line 3'),
    ),
  },
  {
    name: 'decimal_and_text',
    bad: { 'a.csv': text('0.1', 'x') },
    expected: published(of('VARCHAR'), rows('0.1', 'x')),
  },
  {
    name: 'exponent_over_double',
    bad: { 'a.csv': text('1.5', '1e999') },
    expected: warned(of('VARCHAR'), rows('1.5', '1e999'), said('number_as_text', '"v"', 'line 3')),
  },
  {
    name: 'nan_and_infinity',
    bad: { 'a.csv': text('NaN', '1.5', '-inf') },
    expected: published(of('DOUBLE'), rows(Number.NaN, 1.5, Number.NEGATIVE_INFINITY)),
  },
  { name: 'minus_zero', bad: { 'a.csv': text('-0', '1') }, expected: published(of('DOUBLE'), rows(-0, 1)) },
  {
    name: 'minus_zero_decimal',
    bad: { 'a.csv': text('-0.0', '1.5') },
    expected: published(of('DOUBLE'), rows(-0, 1.5)),
  },
  {
    name: 'leading_zeros',
    bad: { 'a.csv': text('00123', '456') },
    expected: published(of('VARCHAR'), rows('00123', '456')),
  },
  { name: 'plus_sign', bad: { 'a.csv': text('+1', '2') }, expected: published(of('VARCHAR'), rows('+1', '2')) },
  {
    name: 'thousands',
    bad: { 'a.csv': text('"1,234"', '"5,678"') },
    expected: published(of('VARCHAR'), rows('1,234', '5,678')),
  },
  {
    name: 'decimal_comma',
    bad: { 'a.csv': 'id;v\n0;1,5\n1;2,5\n' },
    expected: published(of('VARCHAR'), rows('1,5', '2,5')),
  },
  {
    name: 'hexadecimal',
    bad: { 'a.csv': text('0x1F', '0x20') },
    expected: published(of('VARCHAR'), rows('0x1F', '0x20')),
  },
  { name: 'true_and_one', bad: { 'a.csv': text('true', '1') }, expected: published(of('VARCHAR'), rows('true', '1')) },
  {
    name: 'dates_iso',
    bad: { 'a.csv': text('2024-02-29', '0001-01-01') },
    expected: published(of('DATE'), rows('2024-02-29', '0001-01-01')),
  },
  {
    name: 'dates_european',
    bad: { 'a.csv': text('31/12/2023', '01/02/2024') },
    expected: published(of('DATE'), rows('2023-12-31', '2024-02-01')),
  },
  {
    name: 'dates_american',
    bad: { 'a.csv': text('12/31/2023', '02/01/2024') },
    expected: published(of('DATE'), rows('2023-12-31', '2024-02-01')),
  },
  {
    name: 'dates_two_ways',
    bad: { 'a.csv': text('01/02/2024', '03/04/2024') },
    expected: warned(of('VARCHAR'), rows('01/02/2024', '03/04/2024'), said('ambiguous_date', '"v"', 'line 2')),
  },
  {
    name: 'dates_three_spellings',
    bad: { 'a.csv': text('2024-01-31', '31/01/2024', 'Jan 31 2024') },
    expected: published(of('VARCHAR'), rows('2024-01-31', '31/01/2024', 'Jan 31 2024')),
  },
  {
    name: 'dates_that_are_none',
    bad: { 'a.csv': text('2023-02-29', '2024-02-30') },
    expected: published(of('VARCHAR'), rows('2023-02-29', '2024-02-30')),
  },
  {
    name: 'dates_one_that_is_none',
    bad: { 'a.csv': text(...Array.from({ length: 9 }, () => '2024-01-01'), '2023-02-29') },
    expected: warned(
      of('VARCHAR'),
      rows(...Array.from({ length: 9 }, () => '2024-01-01'), '2023-02-29'),
      said('mixed_types', '"v"', 'line 11'),
    ),
  },
  {
    name: 'dates_one_short_year',
    bad: { 'a.csv': text('31/12/2023', '13/01/24') },
    expected: published(of('VARCHAR'), rows('31/12/2023', '13/01/24')),
  },
  {
    name: 'zones_that_are_none',
    bad: { 'a.csv': text('2024-01-01T10:00:00+99', '2024-01-01T10:00:00+05:75') },
    expected: published(of('VARCHAR'), rows('2024-01-01T10:00:00+99', '2024-01-01T10:00:00+05:75')),
  },
  {
    name: 'under_least_double',
    bad: { 'a.csv': text(`0.${'0'.repeat(400)}123`, '1') },
    expected: warned(of('VARCHAR'), rows(`0.${'0'.repeat(400)}123`, '1'), said('number_as_text', '"v"', 'line 2')),
  },
  {
    name: 'dates_short_years',
    bad: { 'a.csv': text('31/12/99', '30/11/00') },
    expected: published(of('VARCHAR'), rows('31/12/99', '30/11/00')),
  },
  {
    name: 'timestamps_with_zones',
    bad: { 'a.csv': text('2024-03-31T02:30:00+02:00', '2024-03-31T00:30:00Z') },
    expected: published(of('TIMESTAMP WITH TIME ZONE'), rows('2024-03-31T00:30:00Z', '2024-03-31T00:30:00Z')),
  },
  {
    name: 'timestamps_with_nanoseconds',
    bad: { 'a.csv': text('2024-01-01T00:00:00.123456789', '2024-01-01T00:00:00.000000001') },
    expected: published(of('VARCHAR'), rows('2024-01-01T00:00:00.123456789', '2024-01-01T00:00:00.000000001')),
  },
  {
    name: 'timestamps_of_two_kinds',
    bad: { 'a.csv': text('2024-01-01T00:00:00Z', '2024-01-01T00:00:00') },
    expected: published(of('VARCHAR'), rows('2024-01-01T00:00:00Z', '2024-01-01T00:00:00')),
  },
  {
    name: 'words_for_nothing',
    bad: { 'a.csv': text('NULL', '1') },
    expected: published(of('VARCHAR'), rows('NULL', '1')),
  },
  {
    name: 'type_that_does_not_fit',
    columnTypes: { v: 'BIGINT' },
    bad: { 'a.csv': text('1', 'x') },
    expected: refused('source_file_invalid', 'type_that_does_not_fit/a.csv', '"v"', 'line 3'),
  },
  {
    name: 'type_that_would_round',
    columnTypes: { v: 'DECIMAL(5,2)' },
    bad: { 'a.csv': text('1.25', '1.255') },
    expected: warned(of('DECIMAL(5,2)'), rows('1.25', '1.26'), said('rounded', '"v"', 'line 3')),
  },
  {
    name: 'type_that_is_too_small',
    columnTypes: { v: 'TINYINT' },
    bad: { 'a.csv': text('1', '300') },
    expected: refused('source_file_invalid', 'type_that_is_too_small/a.csv', '"v"', 'line 3'),
  },
];
