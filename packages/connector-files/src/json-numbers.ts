import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Connection } from '@agnes/duckdb';
import type { ConnectorWarning } from '@agnes/extract-contract';
import type { SourceFile } from './find-files.ts';
import { jsonArguments } from './json-layout.ts';
import { type JsonFiles, placeOfRecord, recordsOf } from './json-places.ts';

type Path = string;

/** Sixteen digits and more may be a number that a DOUBLE rounds; so may an exponent. Most files have none. */
const SUSPECT = '[0-9](\\.?[0-9]){15}|[0-9][eE]';

/**
 * A JSON reader rounds numbers that a DOUBLE cannot hold. Where a file has such numbers, this writes all records to an NDJSON
 * file in which every number of that place is text with the digits as they were, and returns it; otherwise undefined.
 */
export async function rewriteExactNumbers(
  connection: Connection,
  files: readonly SourceFile[],
  format: string,
  scratch: string,
  warnings: ConnectorWarning[],
): Promise<SourceFile | undefined> {
  const records = `read_json_objects(${jsonArguments(files, format)})`;
  const suspects = `SELECT json::VARCHAR AS record FROM ${records} WHERE regexp_matches(json::VARCHAR, '${SUSPECT}')`;
  const places = new Set<Path>();
  for await (const chunk of connection.stream(suspects)) {
    for (const row of chunk) for (const place of inexactPlaces(String(row.record))) places.add(place);
  }
  if (places.size === 0) return undefined;
  const firsts = await firstOf({ connection, files, format }, places);

  const path = join(scratch, 'records.ndjson');
  async function* lines(): AsyncGenerator<string> {
    for await (const chunk of connection.stream(`SELECT json::VARCHAR AS record FROM ${records}`)) {
      for (const row of chunk) {
        const record = walk(String(row.record), (source, place) => (places.has(place) ? source : undefined));
        yield `${JSON.stringify(record)}\n`;
      }
    }
  }
  await pipeline(lines, createWriteStream(path));
  for (const place of places) {
    warnings.push({
      code: 'number_as_text',
      message: `${place} has numbers that no column type of JSON can hold exactly; it is published as text. The first: ${firsts.get(place)}.`,
      hint: 'Cast it in your queries, or have the source write these numbers as text.',
    });
  }
  return { path, size: (await stat(path)).size };
}

function inexactPlaces(record: string): Set<Path> {
  const places = new Set<Path>();
  walk(record, (source, place) => {
    if (!isExact(source)) places.add(place);
    return undefined;
  });
  return places;
}

/** Where the first such number of each place is. */
async function firstOf(read: JsonFiles, places: ReadonlySet<Path>): Promise<Map<Path, string>> {
  const firsts = new Map<Path, string>();
  for (const file of read.files) {
    const records = `SELECT row_number() OVER () - 1 AS n, json::VARCHAR AS record FROM ${recordsOf(file, read.format)}`;
    const suspects = `SELECT * FROM (${records}) WHERE regexp_matches(record, '${SUSPECT}')`;
    for await (const chunk of read.connection.stream(suspects)) {
      for (const { n, record } of chunk) {
        for (const place of inexactPlaces(String(record))) {
          if (!firsts.has(place)) firsts.set(place, await placeOfRecord(file, read.format, Number(n)));
        }
      }
      if (firsts.size === places.size) return firsts;
    }
  }
  return firsts;
}

/** Whether DuckDB's JSON reader keeps the number: 64-bit integers, and decimals that a DOUBLE gives back. */
function isExact(source: string): boolean {
  if (/^-?[0-9]+$/.test(source)) {
    const value = BigInt(source);
    return value >= -(2n ** 63n) && value < 2n ** 64n;
  }
  const digits = source
    .replace(/[eE].*$/, '')
    .replace(/[-.]/g, '')
    .replace(/^0+/, '');
  const value = Number(source);
  if (!Number.isFinite(value)) return false;
  return digits.length <= 15 || trimmed(String(value)) === trimmed(source);
}

function trimmed(number: string): string {
  return number.includes('.') && !/[eE]/.test(number) ? number.replace(/\.?0+$/, '') : number;
}

/** A number of a JSON text, with the characters it was written with. */
class SourceNumber {
  readonly source: string;
  constructor(source: string) {
    this.source = source;
  }
}

/** Parses a record; each number becomes what `replace` says of its source and its place, such as `items[].price`, or stays. */
function walk(record: string, replace: (source: string, place: Path) => string | undefined): unknown {
  const descend = (value: unknown, place: Path): unknown => {
    if (value instanceof SourceNumber) return replace(value.source, place) ?? rawJson(value.source);
    if (Array.isArray(value)) return value.map((item) => descend(item, `${place}[]`));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, entry]) => [name, descend(entry, place === '' ? name : `${place}.${name}`)]),
    );
  };
  return descend(parseWithSources(record), '');
}

/** JSON.parse, which gives a reviver the source of each number (ECMAScript's JSON.parse source text access). */
function parseWithSources(text: string): unknown {
  const revive = (_key: string, value: unknown, context: { readonly source?: string }): unknown =>
    typeof value === 'number' && context.source !== undefined ? new SourceNumber(context.source) : value;
  return JSON.parse(text, revive as (key: string, value: unknown) => unknown);
}

/** A number that JSON.stringify writes as it was. */
function rawJson(source: string): unknown {
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(source);
}
