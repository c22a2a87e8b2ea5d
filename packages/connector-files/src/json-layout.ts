import { quoteLiteral, quoteLiteralList } from '@agnes/duckdb';
import type { SourceFile } from './find-files.ts';

const SMALL_OBJECT = 16 * 1024 * 1024;
const LARGE_OBJECT = 256 * 1024 * 1024;

/** The files and how they are laid out, for every function that reads JSON. */
export function jsonArguments(files: readonly SourceFile[], format: string): string {
  const largest = Math.max(...files.map((file) => file.size));
  const compressed = files.some((file) => /\.(gz|zst)$/i.test(file.path));
  const object = compressed ? LARGE_OBJECT : Math.min(LARGE_OBJECT, Math.max(SMALL_OBJECT, largest + 1));
  const paths = quoteLiteralList(files.map((file) => file.path));
  return `${paths}, format = ${quoteLiteral(format)}, maximum_object_size = ${object}, ignore_errors = false`;
}
