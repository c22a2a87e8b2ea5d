import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import {
  type Fields,
  readInteger,
  readStruct,
  readStructs,
  writeInteger,
  writeStruct,
  writeStructs,
} from './thrift.ts';

// Numbers of the fields, from https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
const FILE = { rows: 3, rowGroups: 4, encryption: 8 } as const;
const GROUP = { columns: 1, rows: 3, fileOffset: 5, compressedSize: 6, ordinal: 7 } as const;
const CHUNK = { fileOffset: 2, metadata: 3 } as const;
const COLUMN = {
  compressedSize: 7,
  dataPage: 9,
  indexPage: 10,
  dictionaryPage: 11,
  bloom: 14,
  bloomLength: 15,
} as const;
/** The numbers up to which nothing but the above says where something lies. */
const KNOWN = { file: 9, group: 7, chunk: 3, column: 17 } as const;

const MAGIC = Buffer.from('PAR1');
const COPY_BYTES = 1024 * 1024;

/** Some whole row groups of a parquet file. */
export interface RowGroups {
  /** Number of the first one. */
  readonly from: number;
  /** Number of the first one that does not belong to it. */
  readonly to: number;
}

/** A parquet file whose row groups can be copied into files of their own. */
export interface CutParquet {
  /** Rows and bytes of each row group. */
  readonly groups: readonly { readonly rows: number; readonly size: number }[];
  /** Writes a file of these row groups. Their pages are the same bytes: nothing is decoded. */
  write(groups: RowGroups, path: string): Promise<void>;
}

/** Opens a parquet file that DuckDB wrote. */
export async function openCutParquet(path: string): Promise<CutParquet> {
  const file = await readFooter(path);
  const groups = readStructs(bytesOf(file, FILE.rowGroups));
  assertKnown(file, groups);
  return {
    groups: groups.map((group) => ({
      rows: integerOf(group, GROUP.rows),
      size: columnsOf(group).reduce((sum, column) => sum + integerOf(column.metadata, COLUMN.compressedSize), 0),
    })),
    write: (wanted, to) => writeGroups(path, file, groups.slice(wanted.from, wanted.to), to),
  };
}

async function readFooter(path: string): Promise<Fields> {
  await using file = await open(path, 'r');
  const { size } = await file.stat();
  const tail = await readAt(file, size - 8, 8);
  if (!tail.subarray(4).equals(MAGIC)) throw new Error(`${path} is no parquet file.`);
  const length = tail.readUInt32LE(0);
  return readStruct(await readAt(file, size - 8 - length, length));
}

async function writeGroups(path: string, file: Fields, groups: readonly Fields[], to: string): Promise<void> {
  const columns = groups.flatMap(columnsOf).map(({ metadata }) => metadata);
  const from = Math.min(...columns.map(startOf));
  const end = Math.max(...columns.map((column) => startOf(column) + integerOf(column, COLUMN.compressedSize)));
  const out = createWriteStream(to, { highWaterMark: COPY_BYTES });
  await pipeline(async function* () {
    yield MAGIC;
    yield* createReadStream(path, { start: from, end: end - 1, highWaterMark: COPY_BYTES });
    let at = MAGIC.length + end - from;
    const moved: Fields[] = [];
    for (const [ordinal, group] of groups.entries()) {
      const chunks: Fields[] = [];
      for (const { chunk, metadata } of columnsOf(group)) {
        const shifted = shift(
          metadata,
          [COLUMN.dataPage, COLUMN.indexPage, COLUMN.dictionaryPage],
          MAGIC.length - from,
        );
        const bloom = metadata.get(COLUMN.bloom);
        if (bloom !== undefined) {
          // Bloom filters lie behind all row groups.
          const start = readInteger(bloom.bytes);
          const length = integerOf(metadata, COLUMN.bloomLength);
          yield* createReadStream(path, { start, end: start + length - 1 });
          shifted.set(COLUMN.bloom, { ...bloom, bytes: writeInteger(at) });
          at += length;
        }
        const kept = shift(chunk, [CHUNK.fileOffset], MAGIC.length - from);
        chunks.push(replace(kept, CHUNK.metadata, writeStruct(shifted)));
      }
      const placed = replace(
        shift(group, [GROUP.fileOffset], MAGIC.length - from),
        GROUP.columns,
        writeStructs(chunks),
      );
      moved.push(placed.has(GROUP.ordinal) ? replace(placed, GROUP.ordinal, writeInteger(ordinal)) : placed);
    }
    const rows = groups.reduce((sum, group) => sum + integerOf(group, GROUP.rows), 0);
    const whole = replace(replace(file, FILE.rows, writeInteger(rows)), FILE.rowGroups, writeStructs(moved));
    const footer = writeStruct(whole);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(footer.length);
    yield Buffer.concat([footer, length, MAGIC]);
  }, out);
}

interface ColumnChunk {
  readonly chunk: Fields;
  readonly metadata: Fields;
}

function columnsOf(group: Fields): ColumnChunk[] {
  return readStructs(bytesOf(group, GROUP.columns)).map((chunk) => ({
    chunk,
    metadata: readStruct(bytesOf(chunk, CHUNK.metadata)),
  }));
}

/** A place that a later DuckDB notes and this does not know would be wrong in the copy, so such a file is not cut. */
function assertKnown(file: Fields, groups: readonly Fields[]): void {
  const assert = (what: keyof typeof KNOWN, fields: Fields): void => {
    const unknown = [...fields.keys()].find((id) => id > KNOWN[what]);
    if (unknown !== undefined) throw new Error(`A parquet footer has field ${unknown} of its ${what}, not known here.`);
  };
  assert('file', file);
  if (file.has(FILE.encryption)) throw new Error('An encrypted parquet file cannot be cut.');
  for (const group of groups) {
    assert('group', group);
    for (const { chunk, metadata } of columnsOf(group)) {
      assert('chunk', chunk);
      assert('column', metadata);
    }
  }
}

function startOf(column: Fields): number {
  const data = integerOf(column, COLUMN.dataPage);
  const dictionary = column.get(COLUMN.dictionaryPage);
  const start = dictionary === undefined ? 0 : readInteger(dictionary.bytes);
  return start > 0 ? Math.min(start, data) : data;
}

/** Offsets that are not 0, which stands for none, moved. */
function shift(fields: Fields, ids: readonly number[], by: number): Fields {
  const shifted = new Map(fields);
  for (const id of ids) {
    const field = fields.get(id);
    const offset = field === undefined ? 0 : readInteger(field.bytes);
    if (field !== undefined && offset > 0) shifted.set(id, { ...field, bytes: writeInteger(offset + by) });
  }
  return shifted;
}

function replace(fields: Fields, id: number, bytes: Buffer): Fields {
  const field = fields.get(id);
  if (field === undefined) throw missing(id);
  return new Map(fields).set(id, { ...field, bytes });
}

function integerOf(fields: Fields, id: number): number {
  return readInteger(bytesOf(fields, id));
}

function bytesOf(fields: Fields, id: number): Buffer {
  const field = fields.get(id);
  if (field === undefined) throw missing(id);
  return field.bytes;
}

function missing(id: number): Error {
  return new Error(`A parquet footer lacks field ${id}.`);
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  if (bytesRead !== length) throw new Error('A parquet file ends too early.');
  return buffer;
}
