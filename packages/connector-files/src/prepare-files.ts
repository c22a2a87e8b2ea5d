import { createReadStream, createWriteStream } from 'node:fs';
import { copyFile, open, symlink } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { Format } from './config.ts';
import { invalidFile } from './failures.ts';
import type { SourceFile } from './find-files.ts';

/** Files as DuckDB can be given them, and the names that people know them by. */
export interface PreparedFiles {
  readonly files: readonly SourceFile[];
  /** A text with the names of the files in it instead of those that DuckDB was given. */
  named(text: string): string;
}

/** What DuckDB would take for a glob, or for folders that hold a column. */
const NOT_PLAIN = /[*?[\]{}=]/;

/**
 * Looks at the ends of each file before DuckDB does, refuses what is something else than it is called, and puts a stand-in
 * into `scratch` for names and encodings that DuckDB would misread. Throws `source_file_invalid`.
 */
export async function prepareFiles(
  files: readonly SourceFile[],
  format: Format,
  scratch: string,
): Promise<PreparedFiles> {
  const prepared: SourceFile[] = [];
  const standIns = new Map<string, string>();
  for (const [index, file] of files.entries()) {
    const ends = await readEnds(file);
    refuseOtherContent(file, format, ends);
    await verifyCompressed(file);
    const standIn = join(scratch, `file${index}${extensionOf(file.path)}`);
    if (await makeStandIn(file, format, ends, standIn)) {
      standIns.set(standIn, file.path);
      prepared.push({ path: standIn, size: file.size });
    } else prepared.push(file);
  }
  return {
    files: prepared,
    named: (text) => [...standIns].reduce((result, [standIn, path]) => result.replaceAll(standIn, path), text),
  };
}

interface Ends {
  readonly first: Buffer;
  readonly last: Buffer;
}

async function readEnds({ path, size }: SourceFile): Promise<Ends> {
  if (size === 0) {
    throw invalidFile(path, 'The file is empty, it has no bytes at all.', {
      hint: 'Write it again where it is made, or take it away; a table without rows is a file with a header only.',
    });
  }
  await using file = await open(path, 'r');
  const ends = { first: Buffer.alloc(4), last: Buffer.alloc(4) };
  await file.read(ends.first, 0, 4, 0);
  await file.read(ends.last, 0, 4, Math.max(0, size - 4));
  return ends;
}

function refuseOtherContent({ path }: SourceFile, format: Format, { first, last }: Ends): void {
  const start = first.toString('latin1');
  if (format === 'parquet') {
    if (start === 'PARE' || last.toString('latin1') === 'PARE') {
      throw invalidFile(path, 'The parquet file is encrypted.', { hint: 'Write it without encryption.' });
    }
    return;
  }
  const compressed = /\.(gz|zst)$/i.exec(path)?.[1]?.toLowerCase();
  const is =
    start === 'PAR1'
      ? 'a parquet file'
      : start.startsWith('PK\x03\x04')
        ? 'a ZIP file, as spreadsheets are'
        : start.startsWith('\x1f\x8b') && compressed !== 'gz'
          ? 'a gzip file'
          : start === '\x28\xb5\x2f\xfd' && compressed !== 'zst'
            ? 'a zstd file'
            : undefined;
  if (is === undefined) return;
  throw invalidFile(path, `The file is ${is}, not ${format}.`, {
    hint: 'Give it the extension of what it is (.parquet, .csv.gz, .csv.zst), or write it in the format of its name.',
  });
}

/** DuckDB takes a compressed file that was cut off for a shorter one, so it is read to its end first. */
async function verifyCompressed({ path }: SourceFile): Promise<void> {
  const decompress = /\.gz$/i.test(path) ? createGunzip() : /\.zst$/i.test(path) ? createZstdDecompress() : undefined;
  if (decompress === undefined) return;
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  try {
    await pipeline(createReadStream(path), decompress, nowhere);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (!/^(Z_|ZSTD_|ERR_)/.test(code)) throw error;
    throw invalidFile(path, `The compressed file is cut off or damaged: ${(error as Error).message}.`, {
      hint: 'Write or copy it again, to another name first, and rename it when it is whole.',
      cause: error,
    });
  }
}

/** Text without its mark, as UTF-8. */
function decoding(encoding: string) {
  return async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
    const decoder = new TextDecoder(encoding, { fatal: true });
    for await (const chunk of chunks) yield decoder.decode(chunk, { stream: true });
    yield decoder.decode();
  };
}

/** Whether there is a stand-in now. */
async function makeStandIn(file: SourceFile, format: Format, { first }: Ends, standIn: string): Promise<boolean> {
  const { path } = file;
  const utf16 =
    first[0] === 0xff && first[1] === 0xfe
      ? 'utf-16le'
      : first[0] === 0xfe && first[1] === 0xff
        ? 'utf-16be'
        : undefined;
  const marked = first[0] === 0xef && first[1] === 0xbb && first[2] === 0xbf;
  if (format !== 'parquet' && (utf16 !== undefined || (marked && format !== 'csv' && format !== 'tsv'))) {
    try {
      await pipeline(createReadStream(path), decoding(utf16 ?? 'utf-8'), createWriteStream(standIn));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_ENCODING_INVALID_ENCODED_DATA') throw error;
      throw invalidFile(path, `The file begins as ${utf16 ?? 'utf-8'} does, but is not valid ${utf16 ?? 'utf-8'}.`, {
        hint: 'Save it as UTF-8.',
        cause: error,
      });
    }
    return true;
  }
  if (!NOT_PLAIN.test(path)) return false;
  try {
    await symlink(path, standIn);
  } catch (error) {
    // Windows lets few accounts make links.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
    await copyFile(path, standIn);
  }
  return true;
}

function extensionOf(path: string): string {
  const last = extname(path);
  return /\.(gz|zst)$/i.test(last) ? extname(path.slice(0, -last.length)) + last : last;
}
