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
  const attributes = `Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
  return {
    name,
    read(headers) {
      const pairs = headers.get('cookie')?.split(';') ?? [];
      const mine = pairs.map((pair) => pair.trim()).find((pair) => pair.startsWith(`${name}=`));
      const value = mine?.slice(name.length + 1) ?? '';
      return value === '' ? undefined : value;
    },
    // Tokens are letters, digits and `_`, so nothing of them needs to be quoted.
    set: ({ token, expires_at }) => `${name}=${token}; Expires=${expires_at.toUTCString()}; ${attributes}`,
    clear: () => `${name}=; Max-Age=0; ${attributes}`,
  };
}
