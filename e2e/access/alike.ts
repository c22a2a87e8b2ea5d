// Whether two refusals are the same to who reads them: all but the id of the request, the time and the names asked for.
import type { Call, Declared } from './declared.ts';
import type { Answer } from './http.ts';

/** Differ between any two answers, whatever was asked. The length follows from the name that is repeated. */
const ITS_OWN = new Set(['date', 'x-request-id', 'content-length', 'keep-alive', 'connection']);

/** A refusal as text, with what was asked for and what is its own taken out. */
export function refusalText({ status, headers, bytes }: Answer, asked: Call): string {
  const texts = textsOf(asked.body);
  const named = Object.values(asked.params ?? {}).concat(texts, texts.flatMap(tablesIn));
  const told = Object.entries(headers)
    .filter(([name]) => !ITS_OWN.has(name))
    .map(([name, value]) => `${name}: ${value}`)
    .sort();
  let text = [status, ...told, bytes.toString()].join('\n');
  for (const name of named.sort((a, b) => b.length - a.length)) text = text.replaceAll(name, '<asked>');
  return text.replace(/"request_id":"[^"]*"/, '"request_id":"…"');
}

/** The same call about things that do not exist. */
export function aboutNothing(operation: Pick<Declared, 'params'>, call: Call): Call | undefined {
  if (operation.params === undefined) return undefined;
  const params = Object.entries(call.params ?? {}).map(([name, value]) => [name, unknownLike(value)]);
  return { ...call, params: Object.fromEntries(params) };
}

function unknownLike(value: string): string {
  if (/^[0-9a-f]{64}$/.test(value)) return '0'.repeat(64);
  return value.includes('@') ? 'nobody-at-all@example.com' : 'nothing_0000000000000000';
}

/** Tables that SQL names. */
const tablesIn = (text: string): string[] => [...text.matchAll(/\bFROM (\w+)/g)].map(([, name = '']) => name);

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return value.length > 3 ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsOf);
}
