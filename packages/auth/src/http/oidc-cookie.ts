import { type CookieOptions, parse, serialize } from 'hono/utils/cookie';

/** The cookie that ties a sign-in at a provider to the browser in which it began. */
export interface OidcCookie {
  read(headers: Headers): string | undefined;
  set(value: string): string;
  clear(): string;
}

const SECONDS = 600;

/** Lax, so that it comes along when the provider sends the browser back. */
export function oidcCookie(secure: boolean): OidcCookie {
  const name = secure ? '__Host-agnes_oidc' : 'agnes_oidc';
  const options: CookieOptions = { path: '/', httpOnly: true, sameSite: 'Lax', secure };
  return {
    read: (headers) => parse(headers.get('cookie') ?? '', name)[name],
    set: (value) => serialize(name, value, { ...options, maxAge: SECONDS }),
    clear: () => serialize(name, '', { ...options, maxAge: 0 }),
  };
}
