const ANY_ORIGIN = 'https://server.invalid';
const MOST = 2000;

/**
 * Where to go after a sign-in: `next` when it is a path of this server, else `/`. What a browser could take for another
 * server (`//host`, `/\host`, also once dots are resolved or percent signs decoded) and what could end a header is not one.
 */
export function nextPath(next: string | null | undefined): string {
  if (typeof next !== 'string' || next.length > MOST || !isPath(next)) return '/';
  const url = URL.parse(next, ANY_ORIGIN);
  if (url === null || url.origin !== ANY_ORIGIN) return '/';
  const path = url.pathname + url.search + url.hash;
  return isPath(path) && isPath(decoded(url.pathname)) ? path : '/';
}

function isPath(text: string): boolean {
  return text.startsWith('/') && !text.startsWith('//') && !/[\\\p{Cc}]/u.test(text);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    return '';
  }
}
