import type { Client } from '@agnes/api-client';
import { AgnesError, isAgnesError } from '@agnes/errors';
import { nearest } from './nearest.ts';

const ASK_SERVER_MS = 3000;

type Tables = { readonly tables: readonly { readonly name: string }[] };

/** Does something with a table; when there is none of that name, the error names those that the caller may have meant. */
export function withNearTables<T>(client: Client, name: string, work: () => Promise<T>): Promise<T> {
  return withNear(name, work, () => client.catalogTables({ timeoutMs: ASK_SERVER_MS }), 'agnes catalog');
}

/** The same for administrators, who may mean any registered table. */
export function withNearRegistered<T>(client: Client, name: string, work: () => Promise<T>): Promise<T> {
  return withNear(name, work, () => client.listRegistry({ timeoutMs: ASK_SERVER_MS }), 'agnes admin list-tables');
}

async function withNear<T>(name: string, work: () => Promise<T>, ask: () => Promise<Tables>, all: string): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isAgnesError(error, 'table_not_found')) throw error;
    throw meant(error, nearest(name, await namesFrom(ask), 3), all);
  }
}

function meant(error: AgnesError, close: readonly string[], all: string): AgnesError {
  return new AgnesError('table_not_found', error.message, {
    hint: `${close.length === 0 ? '' : `Did you mean ${close.join(' or ')}? `}All tables: ${all}`,
    details: error.details,
    cause: error,
  });
}

async function namesFrom(ask: () => Promise<Tables>): Promise<string[]> {
  try {
    const { tables } = await ask();
    return tables.map(({ name }) => name);
  } catch (error) {
    // The command has failed already; the server is asked only to say more about it.
    if (isAgnesError(error)) return [];
    throw error;
  }
}
