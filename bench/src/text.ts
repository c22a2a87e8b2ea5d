import type { Target } from './bar.ts';
import type { Result } from './run-bars.ts';

export const HEADINGS = ['bar', 'size', 'ours', 'other side', 'ratio', 'target', ''] as const;

/** The cells of one line of the table, under {@link HEADINGS}. */
export function cellsOf(result: Result): string[] {
  const size = `${result.size.toLocaleString('en')} ${result.size_unit}`;
  const { ours, other, ratio, unit } = result;
  if (ours === null || other === null || ratio === null || unit === null) {
    return [result.bar, size, '–', '–', '–', targetText(result.target), 'skipped'];
  }
  const growth = result.target?.compare === 'difference';
  const compared = growth ? `+ ${figure(ours - other)} ${unit}` : `${ratio.toFixed(2)}×`;
  const verdict = result.met === null ? 'shown only' : result.met ? 'met' : 'MISSED';
  const sides = [`${figure(ours)} ${unit}`, `${figure(other)} ${unit}`];
  return [result.bar, size, ...sides, compared, targetText(result.target, unit), verdict];
}

/** A table of fixed columns for a terminal. */
export function tableText(results: readonly Result[]): string {
  const rows = [[...HEADINGS], ...results.map(cellsOf)];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [...lines, ...remarks(results)].map((line) => `${line}\n`).join('');
}

/** What was skipped and why, and what a reader has to know: each sentence once. */
export function remarks(results: readonly Result[]): string[] {
  const said = results.flatMap(({ bar, note, skipped }) => {
    if (skipped !== null) return [`${bar}: skipped: ${skipped}`];
    return note === null ? [] : [`${bar}: ${note}`];
  });
  return [...new Set(said)];
}

export function targetText(target: Target | null, unit = ''): string {
  if (target === null) return '–';
  const sign = target.is === 'at most' ? '≤' : '≥';
  return target.compare === 'ratio' ? `${sign} ${target.value}×` : `${sign} + ${target.value} ${unit}`.trimEnd();
}

function figure(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
