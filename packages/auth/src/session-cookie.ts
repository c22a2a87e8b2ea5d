import { type CookieOptions, parse, serialize } from 'hono/utils/cookie';

/** The cookie of a browser's session. */
export interface SessionCookie {
  readonly name: string;
  /** The token that a request carries in it; undefined without one. */
  read(headers: Headers): string | undefined;
  /** `Set-Cookie` that keeps a new session in the browser. */
  set(session: { readonly token: string; readonly expires_at: Date }): string;
  /** `Set-Cookie` that forgets it. */
  clear(): string;
}

/**
 * With TLS a `__Host-` cookie: bound to this host, this path and TLS by the browser itself. Without, which is for loopback
 * and closed networks only, a plain one. No script can read either, and no other site's form or picture sends it.
 */
export function sessionCookie(secure: boolean): SessionCookie {
  const name = secure ? '__Host-agnes_session' : 'agnes_session';
  const options: CookieOptions = { path: '/', httpOnly: true, sameSite: 'Lax', secure };
  return {
    name,
    read(headers) {
      const header = headers.get('cookie');
      if (header === null) return undefined;
      const value = parse(header, name)[name];
      return value === undefined || value === '' ? undefined : value;
    },
    set: ({ token, expires_at }) => serialize(name, token, { ...options, expires: expires_at }),
    clear: () => serialize(name, '', { ...options, maxAge: 0 }),
  };
}
