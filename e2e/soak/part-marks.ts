import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Connection, quoteLiteral } from '@agnes/duckdb';

export interface Marks {
  readonly least: number;
  readonly greatest: number;
  readonly rows: number;
}

/** Reads which publishes the rows of a part come from. A part never changes, so each is read once. */
export function partMarks(
  connection: Connection,
  folder: string,
): (sha256: string, bytes: Uint8Array) => Promise<Marks> {
  const known = new Map<string, Promise<Marks>>();
  const read = async (sha256: string, bytes: Uint8Array): Promise<Marks> => {
    const path = join(folder, `${sha256}.parquet`);
    await writeFile(path, bytes);
    const marks = await connection.first<{ least: number; greatest: number; rows: number }>(
      `SELECT min(mark) AS least, max(mark) AS greatest, count(*) AS rows FROM read_parquet(${quoteLiteral(path)})`,
    );
    if (marks === undefined) throw new Error('An aggregate without a row.');
    return marks;
  };
  return (sha256, bytes) => {
    const marks = known.get(sha256) ?? read(sha256, bytes);
    known.set(sha256, marks);
    return marks;
  };
}
