import { AgnesError } from '@agnes/errors';

/**
 * The address of a server, as a person types it, in the one form that requests are built from: no query, no fragment, no
 * slash at the end. Throws `usage` for anything that is no http(s) address, and for one that carries a password, because
 * addresses end up in messages and files.
 */
export function parseServerUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new AgnesError('usage', 'The address of the server is not an http or https address.', {
      hint: 'Write it in full, for example https://agnes.example.com',
    });
  }
  if (url.username !== '' || url.password !== '') {
    throw new AgnesError('usage', 'The address of the server contains a user name or a password.', {
      hint: 'Leave them out of the address, and sign in with: agnes auth login',
    });
  }
  url.search = '';
  url.hash = '';
  url.pathname = url.pathname.replace(/\/+$/, '');
  return url;
}

/**
 * The address of an operation: the server's, its path with the parameters filled in, and the query. Throws
 * `invalid_identifier` for a parameter that cannot stand in a path.
 */
export function operationUrl(
  server: URL,
  path: string,
  params: Readonly<Record<string, unknown>>,
  query: Readonly<Record<string, unknown>>,
): URL {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_match, name: string) => {
    const value = params[name];
    if (value === undefined || value === null) throw new Error(`The path parameter '${name}' is missing.`);
    // An empty segment or one of dots alone is resolved away, encoded or not, and would reach another operation.
    if (/^\.{0,2}$/.test(String(value))) {
      throw new AgnesError('invalid_identifier', `'${String(value)}' cannot be an id or a name.`);
    }
    return encodeURIComponent(String(value));
  });
  const url = new URL(server);
  url.pathname = `${server.pathname.replace(/\/$/, '')}${filled}`;
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null) url.searchParams.set(name, String(value));
  }
  return url;
}
