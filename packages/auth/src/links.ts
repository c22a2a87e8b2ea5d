import { AgnesError } from '@agnes/errors';
import { recordAudit } from '@agnes/rbac';
import type { State } from '@agnes/state';
import type { Background } from './background.ts';
import type { Limits } from './limits.ts';
import type { Mailer } from './mail/mailer.ts';
import { linkMail } from './mail/messages.ts';
import type { NoteRefusal } from './note-refusal.ts';
import { issueOneTimeToken, type LinkPurpose } from './one-time-tokens.ts';
import type { User } from './users.ts';

/** What every way in by a link needs. */
export interface LinkOptions {
  readonly state: State;
  readonly limits: Limits;
  readonly now: () => Date;
  readonly sessionHours: number;
  /** The URL under which people reach the server, without a slash at the end. */
  readonly serverUrl: string;
  /** Absent when no mail server is configured. */
  readonly mailer: Mailer | undefined;
  readonly background: Background;
  readonly noteRefusal: NoteRefusal;
}

/** A link that was made, for whoever may hand it over. */
export interface SentLink {
  readonly url: string;
  /** Whether the mail server took the mail. */
  readonly sent: boolean;
}

const PAGES: Readonly<Record<LinkPurpose, string>> = {
  magic_link: '/login/link',
  password_reset: '/login/password',
  invite: '/login/password',
};
/** How long an administrator waits to hear whether the mail server took the mail. */
const WAIT_MS = 5000;

/** The address of the page that a link opens. */
export function linkTo(serverUrl: string, purpose: LinkPurpose, token: string): string {
  return `${serverUrl}${PAGES[purpose]}?token=${token}`;
}

/** Makes a link for somebody: the address of a page that shows what it does. Only sending its form uses the link up. */
export async function makeLink(
  { state, now, serverUrl }: Pick<LinkOptions, 'state' | 'now' | 'serverUrl'>,
  user: User,
  purpose: LinkPurpose,
  by: string | null,
): Promise<string> {
  const token = await state.write(async (tx) => {
    await recordAudit(tx, {
      userId: by ?? user.id,
      action: 'auth.link',
      resource: `user:${user.id}`,
      params: { purpose },
    });
    return issueOneTimeToken(tx, { userId: user.id, purpose, by, at: now() });
  });
  return linkTo(serverUrl, purpose, token);
}

/**
 * Makes a link on behalf of an administrator and mails it. `sent` is what the mail server said within five seconds: a mail
 * that takes longer may still arrive, and the address is in the answer in any case.
 */
export async function mailLink(options: LinkOptions, user: User, purpose: LinkPurpose, by: string): Promise<SentLink> {
  const { mailer, background } = options;
  const url = await makeLink(options, user, purpose, by);
  if (mailer === undefined) return { url, sent: false };
  const sent = await new Promise<boolean>((resolve) => {
    const late = setTimeout(() => resolve(false), WAIT_MS);
    background.run(async () => {
      try {
        await mailer.send(linkMail(user.email, purpose, url));
        resolve(true);
      } finally {
        clearTimeout(late);
        resolve(false);
      }
    });
  });
  return { url, sent };
}

/** Wrong, used, expired, taken back, for something else: one answer. */
export function invalidLink(): AgnesError {
  return new AgnesError('invalid_credentials', 'The link is wrong, was used already, or has expired.', {
    hint: 'Ask for a new one.',
  });
}

export function switchedOff(what: string, setting: string): AgnesError {
  return new AgnesError('sign_in_unavailable', `${what} is not switched on at this server.`, {
    hint: `Sign in in another way, or ask whoever runs the server to set ${setting}.`,
  });
}
