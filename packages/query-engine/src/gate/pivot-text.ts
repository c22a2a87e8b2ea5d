import type { Token } from './tokens.ts';

/** A PIVOT's column whose values are not listed: `ON column`, or `ON column IN (SELECT …)`. Positions in the statement. */
export interface OpenColumn {
  /** The PIVOT that it belongs to. */
  readonly pivot: PivotText;
  /** What is pivoted on. */
  readonly expression: { readonly start: number; readonly end: number };
  /** What the list replaces: nothing behind the expression, or what stands behind IN. */
  readonly start: number;
  readonly end: number;
  /** The SELECT behind IN, if there is one. */
  readonly select: string | undefined;
  /** What the list is called while its values are not known. */
  readonly marker: string;
}

export interface PivotText {
  /** From ON to the end of what belongs to ON and USING. */
  readonly on: number;
  readonly onEnd: number;
  /** There is a GROUP BY behind it. */
  readonly grouped: boolean;
}

export interface Placed {
  readonly sql: string;
  readonly columns: readonly OpenColumn[];
}

/** The statement with a placeholder for each list of values that is missing; undefined when none is. */
export function withPlaceholders(sql: string, tokens: readonly Token[]): Placed | undefined {
  const columns = openColumns(sql, tokens);
  if (columns.length === 0) return undefined;
  let text = '';
  let at = 0;
  for (const { start, end, select, marker } of columns) {
    text += sql.slice(at, start) + (select === undefined ? ` IN ('${marker}')` : `('${marker}')`);
    at = end;
  }
  return { sql: text + sql.slice(at), columns };
}

/** In the order of the text. */
function openColumns(sql: string, tokens: readonly Token[]): OpenColumn[] {
  const columns: OpenColumn[] = [];
  // A marker that the statement does not hold.
  let nonce = 0;
  while (sql.includes(`agnes_pivot_${nonce}_`)) nonce += 1;
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== 'word' || !(token.text === 'PIVOT' || token.text === 'PIVOT_WIDER')) continue;
    for (const column of columnsOf(sql, tokens, index)) {
      columns.push({ ...column, marker: `agnes_pivot_${nonce}_${columns.length}` });
    }
  }
  return columns.sort((a, b) => a.start - b.start);
}

const SET_OPERATIONS = ['UNION', 'INTERSECT', 'EXCEPT'];
const AFTER_ON = new Set(['USING', 'GROUP', 'ORDER', 'LIMIT', 'OFFSET', ...SET_OPERATIONS]);

/** Columns of the PIVOT whose keyword is at `index`; none when it is the other form, `FROM t PIVOT (…)`, which lists its values. */
function columnsOf(sql: string, tokens: readonly Token[], index: number): Omit<OpenColumn, 'marker'>[] {
  const { depth = 0 } = tokens[index] ?? {};
  const last = endOfPivot(tokens, index, depth);
  // A join in front of the pivot's own ON may have one too; nothing behind it has.
  const on = lastWord(tokens, index + 1, last, depth, 'ON');
  if (on === undefined || isSuffix(tokens, index, depth)) return [];
  let end = on + 1;
  while (end < last && !(tokens[end]?.depth === depth && AFTER_ON.has(tokens[end]?.text ?? ''))) end += 1;
  const group = tokens.slice(end, last).findIndex((token) => token.depth === depth && token.text === 'GROUP');
  const using = tokens[end]?.text === 'USING' ? endOfUsing(tokens, end, last, depth) : end;
  const pivot: PivotText = {
    on: tokens[on]?.start ?? 0,
    onEnd: tokens[using - 1]?.end ?? 0,
    grouped: group >= 0,
  };
  const columns: Omit<OpenColumn, 'marker'>[] = [];
  for (const [from, to] of split(tokens, on + 1, end, depth)) {
    const column = openColumn(sql, tokens, from, to, depth);
    if (column !== undefined) columns.push({ ...column, pivot });
  }
  return columns;
}

function endOfUsing(tokens: readonly Token[], from: number, last: number, depth: number): number {
  const ends = new Set(['GROUP', 'ORDER', 'LIMIT', 'OFFSET', ...SET_OPERATIONS]);
  let end = from + 1;
  while (end < last && !(tokens[end]?.depth === depth && ends.has(tokens[end]?.text ?? ''))) end += 1;
  return end;
}

/** The token behind the PIVOT: the bracket around it, a semicolon, a set operation, or the end of the text. */
function endOfPivot(tokens: readonly Token[], index: number, depth: number): number {
  for (let at = index + 1; at < tokens.length; at += 1) {
    const token = tokens[at];
    if (token === undefined || token.depth < depth) return at;
    if (token.depth > depth) continue;
    if (
      token.kind === 'sign' &&
      (token.text === ';' || token.text === ')' || token.text === ']' || token.text === '}')
    ) {
      if (token.text === ';' || !opensBefore(tokens, at, index, depth)) return at;
    }
    if (token.kind === 'word' && SET_OPERATIONS.includes(token.text)) return at;
  }
  return tokens.length;
}

/** Whether the bracket that closes at `at` was opened behind `index`. */
function opensBefore(tokens: readonly Token[], at: number, index: number, depth: number): boolean {
  for (let from = at - 1; from > index; from -= 1) {
    const token = tokens[from];
    if (token?.kind === 'sign' && token.depth === depth && ['(', '[', '{'].includes(token.text)) return true;
    if (token?.kind === 'sign' && token.depth === depth && [')', ']', '}'].includes(token.text)) return false;
  }
  return false;
}

/** `FROM t PIVOT (sum(x) FOR y IN (…))`. */
function isSuffix(tokens: readonly Token[], index: number, depth: number): boolean {
  if (tokens[index + 1]?.text !== '(') return false;
  for (let at = index + 2; at < tokens.length && (tokens[at]?.depth ?? 0) > depth; at += 1) {
    const token = tokens[at];
    if (token?.kind === 'word' && token.depth === depth + 1 && token.text === 'FOR') return true;
  }
  return false;
}

function lastWord(tokens: readonly Token[], from: number, to: number, depth: number, word: string): number | undefined {
  for (let at = to - 1; at >= from; at -= 1) {
    const token = tokens[at];
    if (token?.kind === 'word' && token.depth === depth && token.text === word) return at;
  }
  return undefined;
}

/** Ranges between the commas. */
function split(tokens: readonly Token[], from: number, to: number, depth: number): [number, number][] {
  const ranges: [number, number][] = [];
  let start = from;
  for (let at = from; at <= to; at += 1) {
    const token = tokens[at];
    if (at < to && !(token?.kind === 'sign' && token.text === ',' && token.depth === depth)) continue;
    if (at > start) ranges.push([start, at]);
    start = at + 1;
  }
  return ranges;
}

function openColumn(
  sql: string,
  tokens: readonly Token[],
  from: number,
  to: number,
  depth: number,
): Omit<OpenColumn, 'marker' | 'pivot'> | undefined {
  const list = lastWord(tokens, from, to, depth, 'IN');
  const end = tokens[to - 1]?.end ?? 0;
  const start = tokens[from]?.start ?? 0;
  if (list === undefined) return { expression: { start, end }, start: end, end, select: undefined };
  const [open, first] = [tokens[list + 1], tokens[list + 2]];
  const isSelect = first?.kind === 'word' && ['SELECT', 'FROM', 'WITH', 'VALUES', 'TABLE'].includes(first.text);
  if (open?.text !== '(' || first === undefined || !isSelect) return undefined;
  const expression = { start, end: tokens[list - 1]?.end ?? 0 };
  return { expression, start: open.start, end, select: sql.slice(first.start, tokens[to - 2]?.end) };
}
