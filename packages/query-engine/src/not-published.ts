import { AgnesError } from '@agnes/errors';

/** A table is registered and granted, and there is nothing of it to read yet. */
export function notPublished(table: string, where: Readonly<Record<string, unknown>> = {}): AgnesError {
  return new AgnesError('table_not_published', `The table '${table}' has no data yet.`, {
    hint: `Ask an administrator to sync it: agnes admin sync ${table}`,
    details: { table, ...where },
  });
}
