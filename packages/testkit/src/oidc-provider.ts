import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { startProcess } from './start-process.ts';

export interface OidcProviderOptions {
  /** Where it sends people back to. */
  readonly redirectUri: string;
  /** Who can sign in: claims by login name. */
  readonly people: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** A real OpenID provider (`oidc-provider` from npm) in a process of its own. */
export interface OidcProviderProcess extends AsyncDisposable {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Does what a person does in a browser: opens the page, signs in, consents. Returns where the browser ends up. */
  signIn(authorizationUrl: string, login: string): Promise<URL>;
  /** Presses Cancel on its page. */
  cancel(authorizationUrl: string): Promise<URL>;
}

const CLIENT = { clientId: 'agnes', clientSecret: 'a-secret-for-tests-only' };

export async function startOidcProvider(options: OidcProviderOptions): Promise<OidcProviderProcess> {
  const port = await freePort();
  const server = await startProcess(
    process.execPath,
    [join(import.meta.dirname, 'oidc-provider-process.ts'), JSON.stringify({ ...options, ...CLIENT, port })],
    { keepStdin: true },
  );
  await server.waitForLine((line) => line.includes('"listening"'));
  const issuer = `http://127.0.0.1:${port}`;
  return {
    issuer,
    ...CLIENT,
    async signIn(authorizationUrl, login) {
      const browser = createBrowser(issuer);
      let at = await browser.open(authorizationUrl);
      // First who it is, then what it may tell.
      for (let form = 0; form < 4 && at.origin === issuer; form += 1) {
        const prompt = at.page.includes('name="login"')
          ? { prompt: 'login', login, password: 'any' }
          : { prompt: 'consent' };
        at = await browser.open(at.url.href, prompt);
      }
      return at.url;
    },
    async cancel(authorizationUrl) {
      const browser = createBrowser(issuer);
      const { url } = await browser.open(authorizationUrl);
      return (await browser.open(`${url.href}/abort`)).url;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

interface Place {
  readonly url: URL;
  readonly origin: string;
  readonly page: string;
}

/** Follows redirects with its cookies, and stops where they leave the provider. */
function createBrowser(issuer: string) {
  const cookies = new Map<string, string>();
  return {
    async open(address: string, form?: Readonly<Record<string, string>>): Promise<Place> {
      let url = new URL(address);
      let body = form === undefined ? undefined : new URLSearchParams(form);
      for (;;) {
        if (url.origin !== issuer) return { url, origin: url.origin, page: '' };
        const response = await fetch(url, {
          method: body === undefined ? 'GET' : 'POST',
          ...(body === undefined ? {} : { body }),
          headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
          redirect: 'manual',
        });
        for (const cookie of response.headers.getSetCookie()) {
          const [pair = ''] = cookie.split(';');
          const at = pair.indexOf('=');
          cookies.set(pair.slice(0, at), pair.slice(at + 1));
        }
        const page = await response.text();
        const location = response.headers.get('location');
        if (location === null) {
          if (!response.ok) throw new Error(`The provider answered ${response.status}: ${page.slice(0, 500)}`);
          return { url, origin: url.origin, page };
        }
        url = new URL(location, url);
        body = undefined;
      }
    },
  };
}
