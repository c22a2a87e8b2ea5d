import { html } from 'hono/html';
import { stylesheet } from './stylesheet.ts';

/** Text of a page, in which every value that was put into it is escaped. */
export type Html = ReturnType<typeof html>;

/** Somebody who is signed in, as far as a page's head shows them. */
export interface Person {
  readonly userId: string;
  readonly email: string;
  readonly credential: { readonly method?: string | null };
}

export interface PageOptions {
  readonly title: string;
  readonly body: Html;
  /** Shows the way around an account; without it the page is one of sign-in. */
  readonly person?: Person | undefined;
  /** The path of the page, to mark it in the head. */
  readonly path?: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a page may do: be styled, and send its forms to this server. No script runs, and no sensor is there. */
const CONFINED = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  // No path, because links to set a password have a secret in theirs; but the origin: with `no-referrer` browsers would send
  // `Origin: null` with a form, and where there is no `Sec-Fetch-Site` it could not prove where it is from.
  'referrer-policy': 'strict-origin',
};

/** A whole page as the answer. */
export async function page({ status = 200, headers = {}, ...options }: PageOptions): Promise<Response> {
  const text = String(await htmlDocument(options));
  return new Response(text, {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-length': String(Buffer.byteLength(text)),
      ...CONFINED,
      ...headers,
    },
  });
}

/** Sends the browser on, by GET. */
export function goTo(path: string, ...cookies: readonly string[]): Response {
  const headers = new Headers({ location: path });
  for (const cookie of cookies) headers.append('set-cookie', cookie);
  return new Response(null, { status: 303, headers });
}

const htmlDocument = ({
  title,
  body,
  person,
  path,
}: Omit<PageOptions, 'status' | 'headers'>): Html => html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} · Agnes</title>
<link rel="stylesheet" href="/assets/${stylesheet.name}">
</head>
<body${person && html` class="wide"`}>
${person && html`<a class="skip" href="#main">Skip to the content</a>`}
<header class="top"><div>
<a class="brand" href="/">Agnes</a>
${person && wayAround(path)}
</div></header>
<main id="main" tabindex="-1">
${person?.credential.method === 'local_dev' && localDevNotice(person)}
${body}
</main>
</body>
</html>
`;

const PLACES = [
  ['/account', 'Account'],
  ['/account/tokens', 'Tokens'],
  ['/account/sessions', 'Sessions'],
] as const;

const wayAround = (path: string | undefined): Html => html`<nav aria-label="Account"><ul>
${PLACES.map(([place, name]) => html`<li><a href="${place}"${place === path && html` aria-current="page"`}>${name}</a></li>`)}
</ul></nav>
<form method="post" action="/logout"><button class="plain">Sign out</button></form>`;

export const localDevNotice = ({ email }: Pick<Person, 'email'>): Html => html`<div class="notice note" role="note">
<p><b>Local development mode.</b> Everybody on this machine is <bdi>${email}</bdi>, an administrator, without signing in.</p>
</div>`;
