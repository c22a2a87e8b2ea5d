import { csvLine } from '../output/csv.ts';
import { writeStdout } from '../output/print-result.ts';
import { formatRows } from '../output/rows.ts';
import type { QueryAnswer } from './run-query.ts';

export type RowFormat = 'table' | 'json' | 'csv';

/** Prints an answer on stdout as it comes; a table waits for the last row, because its columns are as wide as their values. */
export const printRows: Readonly<Record<RowFormat, (answer: QueryAnswer) => Promise<void>>> = {
  async table({ columns, rows }) {
    const all: Record<string, unknown>[] = [];
    for await (const chunk of rows) all.push(...chunk);
    await writeStdout(`${formatRows(columns, all, process.stdout.columns)}\n`);
  },

  async json({ rows }) {
    let before = '[';
    for await (const chunk of rows) {
      const text = chunk.map((row, index) => `${index === 0 ? before : ','}\n${JSON.stringify(row)}`).join('');
      if (!(await writeStdout(text))) return;
      before = ',';
    }
    await writeStdout(before === '[' ? '[]\n' : '\n]\n');
  },

  async csv({ columns, rows }) {
    await writeStdout(`${csvLine(columns)}\n`);
    for await (const chunk of rows) {
      const text = chunk.map((row) => `${csvLine(columns.map((column) => row[column]))}\n`).join('');
      if (!(await writeStdout(text))) return;
    }
  },
};
