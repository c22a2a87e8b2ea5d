/** A place in a statement: lines from 1, columns in characters from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

type Details = Readonly<Record<string, unknown>>;

/** The place that an error names in its details. */
export function positionOf({ position }: Details): Position | undefined {
  if (typeof position !== 'object' || position === null) return undefined;
  const { line, column } = position as { readonly line?: unknown; readonly column?: unknown };
  return isCount(line) && isCount(column) ? { line, column } : undefined;
}

/** `at line 2, column 8` of an error's details, and its excerpt of the statement. */
export function placeText(details: Details): string[] {
  const place = positionOf(details);
  if (place === undefined) return [];
  const lines = typeof details.excerpt === 'string' ? details.excerpt.split('\n') : [];
  return [
    `  at line ${place.line}, column ${place.column}${lines.length === 0 ? '' : ':'}`,
    ...lines.map((line) => `    ${line}`),
  ];
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) > 0;
