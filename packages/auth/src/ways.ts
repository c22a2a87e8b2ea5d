import type { SignInSettings } from '@agnes/config';
import type { State } from '@agnes/state';
import { createBackground } from './background.ts';
import { type FoundLink, findLink } from './find-link.ts';
import type { Directory } from './google/directory.ts';
import { createGoogleGroups, type GoogleSync } from './google/group-sync.ts';
import { inviteUser } from './invite.ts';
import type { Limits } from './limits.ts';
import type { SentLink } from './links.ts';
import type { LockOut } from './lock-out.ts';
import { consumeMagicLink, requestMagicLink } from './magic-link.ts';
import { createMailer, type MailCounts } from './mail/mailer.ts';
import type { NoteRefusal } from './note-refusal.ts';
import { finishOidc, type OidcOptions, type OidcStart, startOidc } from './oidc/login.ts';
import { openProvider } from './oidc/provider.ts';
import { type LinkPurpose, sweepOneTimeTokens } from './one-time-tokens.ts';
import type { Passwords } from './password-hash.ts';
import {
  type PasswordByToken,
  type PasswordLinkOptions,
  requestPasswordReset,
  resetPassword,
  setPasswordByToken,
} from './password-link.ts';
import type { NewSession } from './sessions.ts';
import type { Peer } from './ways-in.ts';

/** What switches the ways in on that need more than a password. */
export interface WaysSettings {
  readonly signIn: SignInSettings;
  /** The URL under which people reach the server. */
  readonly serverUrl: string;
  /** Of Google Workspace, when its groups are configured. */
  readonly directory?: Directory | undefined;
}

interface Options extends Partial<WaysSettings> {
  readonly state: State;
  readonly passwords: Passwords;
  readonly limits: Limits;
  readonly lockOut: LockOut;
  readonly now: () => Date;
  readonly sessionHours: number;
  readonly noteRefusal: NoteRefusal;
  /** Told of what failed behind a request: a mail, a provider, Google's groups. Never with an address or a secret. */
  readonly onError: (error: unknown) => void;
}

/** Ways to a new session by links and identity providers; `Auth` adds to it whether its person administers. */
export interface Ways<Session = NewSession> {
  /** Whether a mail server is configured: without one nobody is sent a link. */
  readonly sendsMail: boolean;
  /** How sending mail went since the start; undefined without a mail server. */
  mailCounts(): MailCounts | undefined;
  /** Asks for a sign-in link. Known and unknown addresses answer alike. Throws `sign_in_unavailable` without mail. */
  requestMagicLink(email: string, peer: Peer): Promise<void>;
  /** Signs in with a link, once; when `email` is given, the link must be for that account. */
  consumeMagicLink(token: string, peer: Peer, email?: string): Promise<Session>;
  /** What a link is good for and whose it is, without using it up; undefined when it is not good for any of these. */
  findLink(token: string, purposes: readonly LinkPurpose[]): Promise<FoundLink | undefined>;
  /** Asks for a link to set a password. Known and unknown addresses answer alike. */
  requestPasswordReset(email: string, peer: Peer): Promise<void>;
  /** Sets a password by a link of a reset or an invitation, and signs in. */
  setPasswordByToken(input: PasswordByToken, peer: Peer): Promise<Session>;
  inviteUser(user: string, by: string): Promise<SentLink>;
  /** A link with which somebody sets a new password, for an administrator. */
  resetPassword(user: string, by: string): Promise<SentLink>;

  /** The identity providers that people may sign in with. */
  oidcProviders(): { readonly id: string; readonly label: string }[];
  startOidc(
    provider: string,
    input: { readonly next?: string | null | undefined; readonly browser?: string | undefined },
    peer: Peer,
  ): Promise<OidcStart>;
  finishOidc(
    provider: string,
    callbackUrl: URL,
    browserCookie: string | undefined,
    peer: Peer,
  ): Promise<Session & { readonly next: string }>;

  /** Asks Google for the groups of everybody who comes from there; undefined when that is not configured. */
  syncGoogleGroups(): Promise<GoogleSync | undefined>;
  /** Forgets links and sign-ins that are over; says how many. */
  sweepLinks(): Promise<number>;
  settled(): Promise<void>;
}

/** The ways in that the settings switch on. Those that are not answer `sign_in_unavailable`. */
export function createWays(options: Options): Ways {
  const { state, passwords, now, onError, signIn, serverUrl = 'http://localhost' } = options;
  const background = createBackground(onError);
  const mailer = signIn?.mail === undefined ? undefined : createMailer(signIn.mail);
  const links: PasswordLinkOptions = {
    state,
    passwords,
    now,
    serverUrl,
    mailer,
    background,
    limits: options.limits,
    lockOut: options.lockOut,
    noteRefusal: options.noteRefusal,
    sessionHours: options.sessionHours,
  };
  const { googleGroups: settings } = signIn ?? {};
  const { directory } = options;
  if (settings !== undefined && directory === undefined)
    throw new Error('Google groups are configured without a directory.');
  const googleGroups =
    settings === undefined || directory === undefined
      ? undefined
      : createGoogleGroups({ state, settings, directory, now, onError });
  const oidc: OidcOptions = {
    ...links,
    providers: new Map((signIn?.oidc ?? []).map((provider) => [provider.id, openProvider(provider, serverUrl)])),
    googleGroups,
    onError,
  };
  return {
    sendsMail: mailer !== undefined,
    mailCounts: () => mailer?.counts(),
    requestMagicLink: (email, peer) => requestMagicLink(links, email, peer),
    consumeMagicLink: (token, peer, email) => consumeMagicLink(links, token, peer, email),
    findLink: (token, purposes) => findLink(links, token, purposes),
    requestPasswordReset: (email, peer) => requestPasswordReset(links, email, peer),
    setPasswordByToken: (input, peer) => setPasswordByToken(links, input, peer),
    inviteUser: (user, by) => inviteUser(links, user, by),
    resetPassword: (user, by) => resetPassword(links, user, by),
    oidcProviders: () => [...oidc.providers.values()].map(({ settings: { id, label } }) => ({ id, label })),
    startOidc: (provider, input, peer) => startOidc(oidc, provider, input, peer),
    finishOidc: (provider, url, cookie, peer) => finishOidc(oidc, provider, url, cookie, peer),
    syncGoogleGroups: async () => googleGroups?.syncAll(),
    sweepLinks: () => state.write((tx) => sweepOneTimeTokens(tx, now())),
    settled: () => background.settled(),
  };
}
