import type { Position } from './gate.ts';

/** The place of a byte of a statement, for a person: lines from 1, columns in characters from 1. */
export function positionAt(sql: string, bytes: number): Position {
  const before = Buffer.from(sql, 'utf8').subarray(0, bytes).toString('utf8');
  const lines = before.split(/\r\n|\r|\n/);
  return { line: lines.length, column: [...(lines.at(-1) ?? '')].length + 1 };
}
