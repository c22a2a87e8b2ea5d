const TOKEN = /\s+|"(?:[^"]|"")*"|'(?:[^']|'')*'|[A-Za-z_][A-Za-z0-9_]*|\d+|[(),[\]]/y;
const CLOSES: Readonly<Record<string, string>> = { ')': '(', ']': '[' };

/**
 * Whether a text from the manifest is nothing but the name of a type (`DECIMAL(18,2)`, `STRUCT("a" INTEGER)[]`), so that
 * it can stand in SQL: words, numbers and quoted names within brackets that match.
 */
export function isTypeText(text: string): boolean {
  const open: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const token = TOKEN.exec(text)?.[0];
    if (token === undefined) return false;
    if (/^select$/i.test(token)) return false;
    if (token === '(' || token === '[') open.push(token);
    if (Object.hasOwn(CLOSES, token) && open.pop() !== CLOSES[token]) return false;
    if (token === ',' && open.length === 0) return false;
  }
  return open.length === 0 && /^[A-Za-z_"]/.test(text);
}
