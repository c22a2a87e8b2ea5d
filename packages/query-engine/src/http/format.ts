import type { FileFormat } from '../protocol.ts';

export type Format = 'json' | FileFormat;

export const MEDIA_TYPES: Readonly<Record<Format, string>> = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  csv: 'text/csv; charset=utf-8; header=present',
  parquet: 'application/vnd.apache.parquet',
};

const ACCEPTED: Readonly<Record<string, Format>> = {
  'application/json': 'json',
  'application/x-ndjson': 'ndjson',
  'application/ndjson': 'ndjson',
  'application/jsonl': 'ndjson',
  'text/csv': 'csv',
  'application/vnd.apache.parquet': 'parquet',
};

/**
 * The format that an `Accept` header (RFC 9110 §12.5.1) likes best of those there are; JSON when it names none of them. With
 * equal weights the first named.
 */
export function acceptedFormat(accept: string | null): Format {
  let best: { readonly format: Format; readonly weight: number } | undefined;
  for (const entry of (accept ?? '').slice(0, 1000).split(',')) {
    const [type = '', ...parameters] = entry.split(';').map((text) => text.trim().toLowerCase());
    const format = Object.hasOwn(ACCEPTED, type) ? ACCEPTED[type] : undefined;
    const q = parameters.find((parameter) => parameter.startsWith('q='));
    const weight = q === undefined ? 1 : Number(q.slice(2));
    if (format !== undefined && weight > 0 && weight > (best?.weight ?? 0)) best = { format, weight };
  }
  return best?.format ?? 'json';
}
