import { replaceMembers } from '@agnes/rbac';
import { schema } from '@agnes/state';
import { and, eq, gt } from 'drizzle-orm';
import * as client from 'openid-client';
import { addressGroup } from '../address-group.ts';
import type { GoogleGroups } from '../google/group-sync.ts';
import { type LinkOptions, switchedOff } from '../links.ts';
import { nextPath } from '../next-path.ts';
import { type NewSession, startSession } from '../sessions.ts';
import { oidcSource } from '../sso-managed.ts';
import { hashToken, randomText } from '../token-format.ts';
import type { Peer } from '../ways-in.ts';
import { accountOf } from './account.ts';
import { claimsOf, reached, reportOf } from './ask-provider.ts';
import { type Identity, identityOf } from './claims.ts';
import { groupsForClaim } from './groups.ts';
import { pruneOidcLogins } from './login-rows.ts';
import type { OidcProvider } from './provider.ts';
import { refuseSignIn } from './refusal.ts';

export interface OidcOptions extends Pick<LinkOptions, 'state' | 'limits' | 'now' | 'sessionHours' | 'noteRefusal'> {
  readonly providers: ReadonlyMap<string, OidcProvider>;
  /** Google's groups, when they are configured; asked after a sign-in with Google. */
  readonly googleGroups: GoogleGroups | undefined;
  /** Told why a sign-in failed: what the person sees is only that it did. */
  readonly onError: (error: unknown) => void;
}

export interface OidcStart {
  /** Where the browser goes to sign in. */
  readonly url: string;
  /** What the browser must bring back, in a cookie of ten minutes. */
  readonly browserCookie: string;
}

const LIFETIME_MS = 10 * 60_000;
const COOKIE_LENGTH = 43;
const COOKIE_SHAPE = /^[0-9A-Za-z]{43}$/;

/**
 * Begins a sign-in at a provider. `browser` is the cookie of an earlier one that is still under way in the same browser, so
 * that two windows do not disturb each other. Throws `sign_in_unavailable`, `sign_in_refused`, `too_many_requests`.
 */
export async function startOidc(
  { state, limits, now, providers, onError }: OidcOptions,
  id: string,
  { next, browser }: { readonly next?: string | null | undefined; readonly browser?: string | undefined },
  peer: Peer,
): Promise<OidcStart> {
  const provider = providerOf(providers, id);
  await limits.count('oidc_start', addressGroup(peer.ip));
  const configuration = await reached(provider, reportOf(onError, peer));
  const stateText = randomText(COOKIE_LENGTH);
  const nonce = client.randomNonce();
  const verifier = client.randomPKCECodeVerifier();
  const browserCookie = browser !== undefined && COOKIE_SHAPE.test(browser) ? browser : randomText(COOKIE_LENGTH);
  await state.write(async (tx) => {
    await pruneOidcLogins(tx, now());
    await tx.insert(schema.oidcLogins).values({
      state_hash: hashToken(stateText),
      provider: id,
      browser_hash: hashToken(browserCookie),
      nonce,
      code_verifier: verifier,
      next_path: nextPath(next),
      expires_at: new Date(now().getTime() + LIFETIME_MS),
    });
  });
  const url = client.buildAuthorizationUrl(configuration, {
    redirect_uri: provider.redirectUri,
    scope: provider.settings.scopes.join(' '),
    state: stateText,
    nonce,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  return { url: url.href, browserCookie };
}

/**
 * Ends a sign-in at a provider: `callbackUrl` is what the provider sent the browser to, `browserCookie` what the browser
 * brought. A state counts once, within ten minutes, at its own provider, in the browser that began. Throws
 * `sign_in_refused` and `account_deactivated` with a reason in their details, `sign_in_unavailable`.
 */
export async function finishOidc(
  options: OidcOptions,
  id: string,
  callbackUrl: URL,
  browserCookie: string | undefined,
  peer: Peer,
): Promise<NewSession & { readonly next: string }> {
  const { state, now, sessionHours } = options;
  const report = reportOf(options.onError, peer);
  const provider = providerOf(options.providers, id);
  let identity: Identity | undefined;
  try {
    const login = await takeLogin(options, id, callbackUrl, browserCookie);
    identity = identityOf(provider.settings, await claimsOf(provider, callbackUrl, login, report), report);
    const confirmed = identity;
    const google = id === 'google' ? await options.googleGroups?.look(confirmed.email) : undefined;
    const session = await state.write(async (tx) => {
      const at = now();
      const { user, isNew } = await accountOf(tx, confirmed, { autoCreate: provider.settings.autoCreate, at });
      if (confirmed.groups !== undefined) {
        const groupIds = await groupsForClaim(tx, confirmed.groups, provider.settings.groupMapping);
        await replaceMembers(tx, { userId: user.id, source: oidcSource(id), groupIds });
      }
      const admitted = google === undefined || (await google.apply(tx, user.id));
      // What Google said of the groups stays with an account; nobody gets one who may not sign in.
      if (!admitted && isNew) throw refuseSignIn('not_in_allowed_group');
      if (!admitted) return undefined;
      return startSession(tx, { user, method: `oidc:${id}`, peer, now: at, hours: sessionHours });
    });
    if (session === undefined) throw refuseSignIn('not_in_allowed_group');
    return { ...session, next: login.next_path };
  } catch (error) {
    await noteReason(options, { id, identity, peer }, error);
    throw error;
  }
}

type Login = typeof schema.oidcLogins.$inferSelect;

async function takeLogin(
  { state, now }: OidcOptions,
  provider: string,
  callbackUrl: URL,
  browserCookie: string | undefined,
): Promise<Login> {
  const given = callbackUrl.searchParams.getAll('state');
  if (given.length !== 1 || browserCookie === undefined) throw refuseSignIn('expired');
  const { oidcLogins } = schema;
  const isTheirs = and(
    eq(oidcLogins.state_hash, hashToken(given[0] ?? '')),
    eq(oidcLogins.provider, provider),
    eq(oidcLogins.browser_hash, hashToken(browserCookie)),
    gt(oidcLogins.expires_at, now()),
  );
  // Read first: anybody can call this with anything, and what nobody began costs no write.
  const [begun] = await state.db.select().from(oidcLogins).where(isTheirs);
  if (begun === undefined) throw refuseSignIn('expired');
  const [login] = await state.write((tx) => tx.delete(oidcLogins).where(isTheirs).returning());
  if (login === undefined) throw refuseSignIn('expired');
  return login;
}

async function noteReason(
  { noteRefusal }: OidcOptions,
  { id, identity, peer }: { readonly id: string; readonly identity: Identity | undefined; readonly peer: Peer },
  error: unknown,
): Promise<void> {
  const details = (error as { details?: { reason?: unknown } }).details;
  const { reason } = details ?? {};
  // Of what nobody began nothing is known, and anybody can send as much of it as they like.
  if (typeof reason !== 'string' || reason === 'expired') return;
  await noteRefusal({
    userId: null,
    action: 'auth.sign_in',
    params: { method: `oidc:${id}`, ...(identity === undefined ? {} : { email: identity.email }) },
    result: reason,
    ip: peer.ip,
  });
}

function providerOf(providers: ReadonlyMap<string, OidcProvider>, id: string): OidcProvider {
  const provider = providers.get(id);
  if (provider === undefined) throw switchedOff('This identity provider', 'it up');
  return provider;
}
