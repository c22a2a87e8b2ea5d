import { type Case, published, said, warned } from '../case.ts';

const long = 'n'.repeat(300);
const strange = ['a"b', "c'd", 'e/f', 'g.h', 'i;j', 'k l', '%s', '$1', '{x}', '\\', '../up', 'a\tb'];

/** Names of columns and files that are anything but plain. */
export const names: readonly Case[] = [
  {
    name: 'columns_of_sql',
    bad: { 'a.csv': 'select,from,order,NULL,table,rowid,filename\n1,2,3,4,5,6,7\n' },
    expected: published(
      {
        select: 'BIGINT',
        from: 'BIGINT',
        order: 'BIGINT',
        NULL: 'BIGINT',
        table: 'BIGINT',
        rowid: 'BIGINT',
        filename: 'BIGINT',
      },
      [{ select: 1, from: 2, order: 3, NULL: 4, table: 5, rowid: 6, filename: 7 }],
    ),
  },
  {
    name: 'column_of_300',
    bad: { 'a.csv': `id,${long}\n1,x\n` },
    expected: published({ id: 'BIGINT', [long]: 'VARCHAR' }, [{ id: 1, [long]: 'x' }]),
  },
  {
    name: 'columns_not_ascii',
    bad: { 'a.csv': 'číslo,名前,🐎,caf\u00e9,cafe\u0301\n1,x,y,z,w\n' },
    expected: published(
      { číslo: 'BIGINT', 名前: 'VARCHAR', '🐎': 'VARCHAR', 'caf\u00e9': 'VARCHAR', 'cafe\u0301': 'VARCHAR' },
      [{ číslo: 1, 名前: 'x', '🐎': 'y', 'caf\u00e9': 'z', 'cafe\u0301': 'w' }],
    ),
  },
  {
    name: 'columns_by_case',
    bad: { 'a.csv': 'id,ID,Id\n1,2,3\n' },
    expected: warned(
      { id: 'BIGINT', ID_1: 'BIGINT', Id_2: 'BIGINT' },
      [{ id: 1, ID_1: 2, Id_2: 3 }],
      said('column_renamed', 'line 1', 'column 2'),
      said('column_renamed', 'line 1', 'column 3'),
    ),
  },
  {
    name: 'columns_strange',
    bad: {
      'a.csv': `${strange.map((name) => `"${name.replaceAll('"', '""')}"`).join(',')}\n${strange.map((_, index) => `x${index}`).join(',')}\n`,
    },
    expected: published(Object.fromEntries(strange.map((name) => [name, 'VARCHAR'])), [
      Object.fromEntries(strange.map((name, index) => [name, `x${index}`])),
    ]),
  },
  {
    name: 'column_of_two_lines',
    bad: { 'a.csv': 'id,"v\nw"\n1,x\n' },
    expected: published({ id: 'BIGINT', 'v\nw': 'VARCHAR' }, [{ id: 1, 'v\nw': 'x' }]),
  },
  {
    name: 'file_with_space_and_quote',
    bad: { 'o\'brien\'s "file".csv': 'id,v\n1,x\n' },
    expected: published({ id: 'BIGINT', v: 'VARCHAR' }, [{ id: 1, v: 'x' }]),
  },
  {
    name: 'file_not_ascii',
    bad: { 'žluťoučký 🐎.csv': 'id,v\n1,x\n' },
    expected: published({ id: 'BIGINT', v: 'VARCHAR' }, [{ id: 1, v: 'x' }]),
  },
  {
    name: 'file_of_sql',
    bad: { "x'); DROP TABLE t; --.csv": 'id,v\n1,x\n' },
    expected: published({ id: 'BIGINT', v: 'VARCHAR' }, [{ id: 1, v: 'x' }]),
  },
  {
    name: 'file_with_glob',
    bad: { 'a[1]?.csv': 'id,v\n1,x\n', 'a1b.csv': 'id,v\n1,wrong\n' },
    source: 'a[1]?.csv',
    good: { 'a[1]?.csv': 'id,v\n1,good\n' },
    expected: published({ id: 'BIGINT', v: 'VARCHAR' }, [{ id: 1, v: 'x' }]),
  },
  {
    name: 'file_of_255',
    bad: { [`${'f'.repeat(251)}.csv`]: 'id,v\n1,x\n' },
    expected: published({ id: 'BIGINT', v: 'VARCHAR' }, [{ id: 1, v: 'x' }]),
  },
  {
    name: 'file_in_capitals',
    bad: { 'A.CSV': 'id,v\n1,x\n' },
    source: 'A.CSV',
    good: { 'A.CSV': 'id,v\n1,good\n' },
    expected: published({ id: 'BIGINT', v: 'VARCHAR' }, [{ id: 1, v: 'x' }]),
  },
  {
    name: 'file_with_line_end',
    bad: { 'a\nb.csv': 'id,v\n1,x\n' },
    expected: published({ id: 'BIGINT', v: 'VARCHAR' }, [{ id: 1, v: 'x' }]),
  },
  {
    name: 'file_with_percent',
    bad: { '%41%2e%2e.csv': 'id,v\n1,x\n' },
    expected: published({ id: 'BIGINT', v: 'VARCHAR' }, [{ id: 1, v: 'x' }]),
  },
  {
    name: 'folders_like_partitions',
    source: '*/*.csv',
    good: { 'id=7': { 'a.csv': 'id,v\n1,good\n' } },
    bad: { 'id=7': { 'a.csv': 'id,v\n1,x\n' }, 'id=8': { 'a.csv': 'id,v\n2,y\n' } },
    expected: published({ id: 'BIGINT', v: 'VARCHAR' }, [
      { id: 1, v: 'x' },
      { id: 2, v: 'y' },
    ]),
  },
];
