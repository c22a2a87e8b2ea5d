import { AgnesError, isAgnesError } from '@agnes/errors';
import { nearest } from '../nearest.ts';
import type { WorkspaceState } from '../workspace/state.ts';

/** Names on the server, or undefined when it cannot be asked. */
export type ServerTables = () => Promise<readonly string[] | undefined>;

/** Says what to do about a table that the workspace has not: it may be misspelt, not pulled yet, or only on the server. */
export async function explainMissingTable(
  error: AgnesError,
  state: WorkspaceState | undefined,
  serverTables: ServerTables,
): Promise<AgnesError> {
  const table = error.details.table;
  if (!isAgnesError(error, 'table_not_found') || typeof table !== 'string') return error;
  const name = table.replaceAll('"', '').split('.').at(-1) ?? table;
  const hint = await hintFor(name, state, serverTables);
  return new AgnesError('table_not_found', error.message, { hint, details: error.details, cause: error });
}

async function hintFor(name: string, state: WorkspaceState | undefined, serverTables: ServerTables): Promise<string> {
  const local = Object.keys(state?.tables ?? {});
  const elsewhere = Object.entries(state?.elsewhere ?? {}).find(([table]) => table === name);
  if (elsewhere !== undefined) return `'${name}' is granted to you, but ${elsewhere[1]}. See: agnes describe ${name}`;
  const close = nearest(name, local, 3);
  if (close.length > 0) return `Did you mean ${close.join(' or ')}? All tables: agnes catalog`;
  const remote = await serverTables();
  if (remote?.includes(name) === true)
    return `'${name}' is on the server but not here: agnes pull   (agnes schema ${name} says whether it has data yet)`;
  const [closeThere] = nearest(name, remote ?? [], 1);
  if (closeThere !== undefined) return `Did you mean '${closeThere}', which is not here yet? agnes pull`;
  return 'What there is: agnes catalog';
}
