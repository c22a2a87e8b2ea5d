import { describe, expect, test } from 'vitest';
import { csvLine } from './csv.ts';
import { Progress, progressStyle } from './progress.ts';
import { formatRows } from './rows.ts';
import { shellWord } from './shell-word.ts';
import { formatTable, oneLine } from './table.ts';
import { formatBytes, formatCount, formatSeconds, plural } from './units.ts';

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [1_250_000, '1.3 MB'],
  [999_900_000, '1.0 GB'],
  [123_456_789, '123 MB'],
])('%i bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  [0.04, '0.0 s'],
  [9.94, '9.9 s'],
  [12.3, '12 s'],
  [185, '3 min 5 s'],
  [7500, '2 h 5 min'],
])('%f seconds are %s', (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text);
});

test('counts have separators and agree with their noun', () => {
  expect(formatCount(1_234_567)).toBe('1,234,567');
  expect([plural(1, 'table'), plural(2, 'table')]).toEqual(['1 table', '2 tables']);
});

test('a table lines up, and a value cannot break its line or move the cursor', () => {
  const text = formatTable(
    [{ title: 'NAME' }, { title: 'N', right: true }],
    [
      ['東京', '1'],
      ['a\nb', '20'],
    ],
  );
  expect(text).toBe('NAME   N\n東京   1\na\\nb  20');
  expect(oneLine('\u001b[2Jx\u0007')).toBe('x\uFFFD');
});

test('what a column is called cannot steer the terminal either', () => {
  const [name, rows] = ['\u001b[2Ja\nb\u0007', [{}]];
  const shown = [formatRows([name], rows), formatRows([name], rows, 5), formatRows([name], [], 5)].join('\n');
  expect(shown).toBe('a\\nb\uFFFD\nNULL\n─── row 1 ───\na\\nb\uFFFD  NULL\na\\nb\uFFFD\n(no rows)');
});

test('rows too wide for the terminal stand one below the other', () => {
  const columns = Array.from({ length: 20 }, (_, index) => `c${index}`);
  const row = Object.fromEntries(columns.map((column) => [column, null]));
  expect(formatRows(columns, [row], 80)).toMatch(/^─── row 1 ───\nc0 {3}NULL\n/);
  expect(formatRows(['a'], [], 80)).toBe('a\n(no rows)');
});

test.each([
  [['a', 1, null, ''], 'a,1,,""'],
  [['a,b', 'c"d', 'e\nf', ' g'], '"a,b","c""d","e\nf"," g"'],
  [[{ x: [1] }, true], '"{""x"":[1]}",true'],
])('%j is the CSV line %s', (values, line) => {
  expect(csvLine(values)).toBe(line);
});

describe('progress', () => {
  const run = (style: 'line' | 'lines' | 'none'): string => {
    let [text, now] = ['', 0];
    const write = (piece: string): void => {
      text += piece;
    };
    {
      using progress = new Progress({ out: { write, columns: 80 }, style, now: () => now });
      const add = progress.bytes('Fetching 2 files', 10_000_000);
      for (const at of [200, 900]) {
        now = at;
        add(1_000_000);
      }
      for (const at of [2000, 4000, 7000]) {
        now = at;
        add(1_000_000);
      }
    }
    return text;
  };

  test('on a terminal is one line that is redrawn and leaves nothing', () => {
    const lines = run('line').split('\r\u001b[2K');
    expect(lines).toHaveLength(5);
    expect(lines[1]).toBe('Fetching 2 files  30 %  3.0 MB of 10.0 MB  1.5 MB/s  4.7 s left');
    expect(lines.at(-1)).toBe('');
  });

  test('as lines comes seldom, and elsewhere not at all', () => {
    expect(run('lines').split('\n')).toHaveLength(3);
    expect(run('none')).toBe('');
  });

  test.each([
    [{ isTTY: true }, {}, false, 'line'],
    [{ isTTY: true }, { TERM: 'dumb' }, false, 'none'],
    [{}, {}, false, 'none'],
    [{}, {}, true, 'lines'],
  ])('of stream %j in %j is %s, %s', (stream, env, asked, style) => {
    expect(progressStyle(stream, env, asked)).toBe(style);
  });
});

test.each([
  ['analysts', 'analysts'],
  ['ann@example.com', 'ann@example.com'],
  ['Sales leads', '"Sales leads"'],
  ["Ann's", `"Ann's"`],
  ["Ann's $1", `'Ann'\\''s $1'`],
  ['', '""'],
])('%j is %s in a command', (name, word) => {
  expect(shellWord(name)).toBe(word);
});
