import { createHash, randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { type LocalAnswer, type LocalRequest, startLocalHttp } from './local-http.ts';

/** How the next ID token lies. */
export interface Lie {
  /** Over the claims of an honest token; undefined takes one out. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** `none`: unsigned. `other_key`: signed, but not by the provider. `shared_secret`: HS256 with the client's secret. */
  readonly signed?: 'none' | 'other_key' | 'shared_secret';
  /** What the user info says instead. */
  readonly userInfo?: Readonly<Record<string, unknown>>;
  /** What the metadata claims to be. */
  readonly issuer?: string;
}

/** An OpenID provider that does as it is told, honest things and others. */
export interface HostileOidcProvider extends AsyncDisposable {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  lie: Lie;
  /** What the browser is sent back to after this address was opened; `lie` holds from then on. */
  authorize(authorizationUrl: string): URL;
}

const CLIENT = { clientId: 'agnes', clientSecret: 'a-secret-for-tests-only' };

/** Starts one. Without a lie it signs in the person `subject-1`, `ana@example.com`. */
export async function startHostileOidcProvider(): Promise<HostileOidcProvider> {
  const own = await generateKeyPair('RS256', { extractable: true });
  const other = await generateKeyPair('RS256');
  const jwk = { ...(await exportJWK(own.publicKey)), kid: 'own', alg: 'RS256', use: 'sig' };
  const codes = new Map<string, { readonly nonce: string | null; readonly challenge: string | null }>();
  const provider = { lie: {} as Lie };

  const idToken = async (nonce: string | null, issuer: string): Promise<string> => {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: issuer,
      sub: 'subject-1',
      aud: CLIENT.clientId,
      iat: now,
      exp: now + 300,
      nonce,
      email: 'ana@example.com',
      email_verified: true,
      ...provider.lie.claims,
    };
    const { signed } = provider.lie;
    if (signed === 'none') return new UnsecuredJWT(claims).encode();
    if (signed === 'shared_secret') {
      return new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(CLIENT.clientSecret.padEnd(32)));
    }
    const key = signed === 'other_key' ? other.privateKey : own.privateKey;
    return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'own' }).sign(key);
  };

  const answer = async ({ url, body, headers }: LocalRequest): Promise<LocalAnswer> => {
    const issuer = `http://${headers.host ?? ''}`;
    if (url.pathname === '/.well-known/openid-configuration') {
      return {
        json: {
          issuer: provider.lie.issuer ?? issuer,
          authorization_endpoint: `${issuer}/authorize`,
          token_endpoint: `${issuer}/token`,
          userinfo_endpoint: `${issuer}/userinfo`,
          jwks_uri: `${issuer}/jwks`,
          response_types_supported: ['code'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['RS256', 'HS256', 'none'],
        },
      };
    }
    if (url.pathname === '/jwks') return { json: { keys: [jwk] } };
    if (url.pathname === '/userinfo') return { json: { sub: 'subject-1', ...provider.lie.userInfo } };
    const form = new URLSearchParams(body);
    const code = codes.get(form.get('code') ?? '');
    codes.delete(form.get('code') ?? '');
    const verifier = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (code === undefined || code.challenge !== verifier) return { status: 400, json: { error: 'invalid_grant' } };
    return {
      json: { access_token: 'at', token_type: 'Bearer', expires_in: 300, id_token: await idToken(code.nonce, issuer) },
    };
  };

  const http = await startLocalHttp(answer);
  return Object.assign(provider, CLIENT, {
    issuer: http.url,
    authorize(authorizationUrl: string): URL {
      const asked = new URL(authorizationUrl).searchParams;
      const code = randomUUID();
      codes.set(code, { nonce: asked.get('nonce'), challenge: asked.get('code_challenge') });
      const back = new URL(asked.get('redirect_uri') ?? '');
      back.searchParams.set('code', code);
      back.searchParams.set('state', asked.get('state') ?? '');
      return back;
    },
    [Symbol.asyncDispose]: () => http[Symbol.asyncDispose](),
  });
}
