import { hostname } from 'node:os';
import { AgnesError } from '@agnes/errors';

/** Whether a text is the address of a Postgres database. */
export function isPostgresUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^postgres(ql)?:$/.test(url.protocol) && url.pathname.length > 1;
}

/** How a database is named in messages: host, port and database; never the user, the password or a parameter. */
export function nameOf(text: string): string {
  const url = parse(text);
  return `${url.hostname || 'localhost'}:${url.port || '5432'}${url.pathname}`;
}

/** The address with who we are. What else a session needs is set once it is there: poolers refuse more at the start. */
export function sessionUrl(text: string): string {
  const url = parse(text);
  // Postgres keeps 63 bytes of it.
  url.searchParams.set('application_name', `agnes process ${process.pid} on ${hostname()}`.slice(0, 63));
  return url.href;
}

function parse(text: string): URL {
  const url = URL.parse(text);
  if (url === null || !isPostgresUrl(text)) {
    throw new AgnesError('invalid_config', 'The address of the state database is not a Postgres URL with a database.', {
      hint: 'Write it as postgres://<user>:<password>@<host>:5432/<database>.',
    });
  }
  return url;
}
