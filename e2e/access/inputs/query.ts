// What reads rows on the server. A name in SQL is refused where the query is read, and not before.
import type { Makers } from '../inputs.ts';
import type { World } from '../world.ts';

const counting = (name: string) => ({ body: { sql: `SELECT count(*) AS n FROM ${name}` } });
const granted = ({ tables }: World) => ({ params: { id: tables.granted.id } });
const other = ({ tables }: World) => ({ params: { id: tables.other.id } });

export const queryInputs: Makers = {
  query: {
    valid: ({ tables }) => counting(tables.granted.name),
    ungranted: { status: 404, code: 'sql_unknown_table' },
    foreign: ({ tables }) => counting(tables.other.name),
    // As long as the name of the other table, and as near to every other one.
    absent: counting('zq_peopla'),
  },
  checkTableAccess: { valid: granted, foreign: other },
  downloadTable: { valid: granted, foreign: other },
};
