import { AgnesError } from '@agnes/errors';
import { option, string } from '@oclif/core/flags';
import { readUserFile } from './read-user-file.ts';

/** The fields of a registered table as flags; `register-table` and `update-table` share them. */
export const registrationFlags = {
  'source-type': string({ description: 'Which installed connector reads it; local is for files.' }),
  bucket: string({ description: 'Bucket, dataset or folder within the source.' }),
  'source-table': string({ description: 'The table in the source; for files a path, folder or glob.' }),
  'query-mode': option({ options: ['local', 'remote', 'materialized'] as const, description: 'Where queries run.' })(),
  query: string({ description: 'SQL of a materialized table, or @FILE that holds it.', helpValue: 'SQL|@FILE' }),
  description: string({ description: 'What the table holds.' }),
  folder: string({ description: 'Folder of the table in the catalog.' }),
  'sync-schedule': string({ description: 'When it is due, for example "every 1h" or "daily 05:00".' }),
  'sync-strategy': option({
    options: ['full_refresh', 'incremental', 'partitioned'] as const,
    description: 'How it is brought up to date.',
  })(),
  'primary-key': string({ description: 'Columns of its key.', helpValue: 'a,b' }),
  'column-type': string({
    description: 'Type of a column, instead of the one found out.',
    helpValue: 'NAME=TYPE',
    multiple: true,
  }),
};

interface Given {
  readonly 'source-type'?: string | undefined;
  readonly bucket?: string | undefined;
  readonly 'source-table'?: string | undefined;
  readonly 'query-mode'?: 'local' | 'remote' | 'materialized' | undefined;
  readonly query?: string | undefined;
  readonly description?: string | undefined;
  readonly folder?: string | undefined;
  readonly 'sync-schedule'?: string | undefined;
  readonly 'sync-strategy'?: 'full_refresh' | 'incremental' | 'partitioned' | undefined;
  readonly 'primary-key'?: string | undefined;
  readonly 'column-type'?: string[] | undefined;
}

/** The body of a registration: only what was given; with an empty text, null, which clears the field. */
export async function registrationBody(given: Given) {
  const { query, 'column-type': types, 'primary-key': key } = given;
  return {
    ...text('source_type', given['source-type']),
    ...text('bucket', given.bucket),
    ...text('source_table', given['source-table']),
    ...text('source_query', query?.startsWith('@') === true ? await readUserFile(query.slice(1)) : query),
    ...text('description', given.description),
    ...text('folder', given.folder),
    ...text('sync_schedule', given['sync-schedule']),
    ...(given['query-mode'] === undefined ? {} : { query_mode: given['query-mode'] }),
    ...(given['sync-strategy'] === undefined ? {} : { sync_strategy: given['sync-strategy'] }),
    ...(key === undefined ? {} : { primary_key: key === '' ? null : key.split(',').map((name) => name.trim()) }),
    ...(types === undefined ? {} : { column_types: columnTypes(types) }),
  };
}

function text<Name extends string>(name: Name, value: string | undefined): { [N in Name]?: string | null } {
  return (value === undefined ? {} : { [name]: value === '' ? null : value }) as { [N in Name]?: string | null };
}

function columnTypes(given: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    given.map((pair) => {
      const at = pair.lastIndexOf('=');
      if (at > 0 && at < pair.length - 1) return [pair.slice(0, at), pair.slice(at + 1)];
      throw new AgnesError('usage', `'${pair}' does not name a column and its type.`, {
        hint: 'Write --column-type NAME=TYPE, for example --column-type zip=VARCHAR',
      });
    }),
  );
}
