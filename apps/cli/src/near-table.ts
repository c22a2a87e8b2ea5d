import type { Client } from '@agnes/api-client';
import { AgnesError, isAgnesError } from '@agnes/errors';
import { nearest } from './nearest.ts';

const ASK_SERVER_MS = 3000;

/** Does something with a table; when there is none of that name, the error names those that the caller may have meant. */
export async function withNearTables<T>(client: Client, name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isAgnesError(error, 'table_not_found')) throw error;
    const close = nearest(name, await readable(client), 3);
    if (close.length === 0) throw error;
    throw new AgnesError('table_not_found', error.message, {
      hint: `Did you mean ${close.join(' or ')}? All tables: agnes catalog`,
      details: error.details,
      cause: error,
    });
  }
}

async function readable(client: Client): Promise<string[]> {
  try {
    const { tables } = await client.catalogTables({ timeoutMs: ASK_SERVER_MS });
    return tables.map(({ name }) => name);
  } catch (error) {
    // The command has failed already; the server is asked only to say more about it.
    if (isAgnesError(error)) return [];
    throw error;
  }
}
