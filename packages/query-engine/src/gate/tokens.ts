/**
 * A tokenizer for DuckDB's SQL, as exact as finding a PIVOT's parts and a statement's end needs. Nothing is decided by it alone:
 * whatever is cut out or put in by its positions is parsed again by the engine, which has the last word.
 */

export interface Token {
  readonly kind: 'word' | 'name' | 'text' | 'number' | 'sign';
  /** As written; words in upper case. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** How many brackets are open around it; a bracket has the depth of what is around it. */
  readonly depth: number;
}

/** The tokens, or undefined for a text with an end that is missing. Stops after `limit` of them. */
export function tokenize(sql: string, limit = Number.POSITIVE_INFINITY): readonly Token[] | undefined {
  const tokens: Token[] = [];
  let depth = 0;
  let at = 0;
  while (at < sql.length && tokens.length <= limit) {
    const gap = endOfGap(sql, at);
    if (gap === undefined) return undefined;
    if (gap > at) {
      at = gap;
      continue;
    }
    const [kind, end] = readToken(sql, at);
    if (end === undefined) return undefined;
    const text = sql.slice(at, end);
    if (kind === 'sign' && CLOSING.has(text)) depth -= 1;
    tokens.push({ kind, text: kind === 'word' ? text.toUpperCase() : text, start: at, end, depth });
    if (kind === 'sign' && OPENING.has(text)) depth += 1;
    at = end;
  }
  return tokens;
}

const OPENING = new Set(['(', '[', '{']);
const CLOSING = new Set([')', ']', '}']);
// The engine takes spaces of Unicode for blanks.
const BLANK = /[\s\u00a0\u1680\u2000-\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]+/y;
const WORD = /[A-Za-z_\u0080-\u{10ffff}][A-Za-z0-9_$\u0080-\u{10ffff}]*/uy;
const NUMBER = /(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|(?:\d[\d_]*)?\.?\d[\d_]*(?:[eE][+-]?\d+)?|\d[\d_]*\.?)/y;
const DOLLAR = /\$([A-Za-z_\u0080-\u{10ffff}][A-Za-z0-9_\u0080-\u{10ffff}]*)?\$/uy;

/** The end of blanks or of one comment at `at`; `at` itself when there is none. */
function endOfGap(sql: string, at: number): number | undefined {
  const blank = endOf(BLANK, sql, at);
  if (blank !== undefined) return blank;
  if (sql.startsWith('--', at)) {
    const line = sql.slice(at).search(/[\r\n]/);
    return line < 0 ? sql.length : at + line;
  }
  return sql.startsWith('/*', at) ? endOfComment(sql, at) : at;
}

/** Comments lie inside one another, as in Postgres. */
function endOfComment(sql: string, start: number): number | undefined {
  const mark = /\/\*|\*\//g;
  mark.lastIndex = start;
  let open = 0;
  for (let found = mark.exec(sql); found !== null; found = mark.exec(sql)) {
    open += found[0] === '/*' ? 1 : -1;
    if (open === 0) return mark.lastIndex;
  }
  return undefined;
}

function readToken(sql: string, at: number): [Token['kind'], number | undefined] {
  const first = sql[at];
  if (first === "'") return ['text', endOfQuoted(sql, at, "'", false)];
  if (first === '"') return ['name', endOfQuoted(sql, at, '"', false)];
  if (/[eExXbB]/.test(first ?? '') && sql[at + 1] === "'") {
    return ['text', endOfQuoted(sql, at + 1, "'", first === 'e' || first === 'E')];
  }
  if (first === '$') {
    const tag = endOf(DOLLAR, sql, at);
    if (tag !== undefined) {
      const mark = sql.slice(at, tag);
      const close = sql.indexOf(mark, tag);
      return ['text', close < 0 ? undefined : close + mark.length];
    }
  }
  const word = endOf(WORD, sql, at);
  if (word !== undefined) return ['word', word];
  const number = endOf(NUMBER, sql, at);
  if (number !== undefined) return ['number', number];
  return ['sign', at + 1];
}

/** `at` is the opening quote. A doubled quote is a part of the text, and behind a backslash it is too when `escapes`. */
function endOfQuoted(sql: string, at: number, quote: string, escapes: boolean): number | undefined {
  for (let index = at + 1; index < sql.length; index += 1) {
    if (escapes && sql[index] === '\\') index += 1;
    else if (sql[index] === quote) {
      if (sql[index + 1] !== quote) return index + 1;
      index += 1;
    }
  }
  return undefined;
}

function endOf(pattern: RegExp, sql: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(sql) ? pattern.lastIndex : undefined;
}
