import { sep } from 'node:path';
import { AgnesError, messageOf } from '@agnes/errors';
import { diskError } from '../disk-error.ts';

interface Places {
  readonly source_dir: string;
  readonly out_dir: string;
  readonly blobs_root: string;
}

/** The first line of an error, with the server's folders left out. */
export function readable(places: Places, error: unknown): string {
  let text = messageOf(error).split('\n')[0] ?? '';
  for (const folder of [places.source_dir, places.out_dir, places.blobs_root]) {
    text = text.replaceAll(`${folder}${sep}`, '').replaceAll(folder, '.');
  }
  return text.slice(0, 1000);
}

/** An error of one table in words: what happened, why, and what to do. */
export function tableError(places: Places, table: string, error: unknown): AgnesError {
  if (error instanceof AgnesError) return error;
  const disk = diskError(error);
  if (disk !== undefined) return disk;
  const text = readable(places, error);
  if (/^Permission Error/.test(text)) {
    return new AgnesError('publish_refused', `${table} reaches outside its source's own folder: ${text}`, {
      hint: "Let the extract read only files of the source's data folder.",
      cause: error,
    });
  }
  if (/^Out of Memory Error/.test(text)) {
    return new AgnesError('publish_failed', `${table} needs more memory or disk than a publish may have: ${text}`, {
      hint: 'Let the connector write the table as parquet files, or raise the limits of publishing.',
      cause: error,
    });
  }
  return new AgnesError('publish_failed', `${table} cannot be read: ${text}`, {
    hint: 'Run the sync again, so that the extract is written anew; if it stays, look at what the connector writes.',
    cause: error,
  });
}
