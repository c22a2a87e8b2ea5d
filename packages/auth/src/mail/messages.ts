import type { LinkPurpose } from '../one-time-tokens.ts';
import type { Mail } from './mailer.ts';

interface Wording {
  readonly subject: string;
  readonly says: string;
  readonly button: string;
  readonly lasts: string;
}

const WORDING: Readonly<Record<LinkPurpose, Wording>> = {
  magic_link: {
    subject: 'Your sign-in link for Agnes',
    says: 'Somebody, hopefully you, asked for a link to sign in to Agnes.',
    button: 'Sign in',
    lasts: 'The link works once, within 15 minutes. If you did not ask for it, you need not do anything.',
  },
  password_reset: {
    subject: 'Set a new password for Agnes',
    says: 'Somebody, you or an administrator, asked for a new password for your account at Agnes.',
    button: 'Set a password',
    lasts:
      'The link works once, within 24 hours. If you did not ask for it, you need not do anything: the password stays as it is.',
  },
  invite: {
    subject: 'Your account at Agnes',
    says: 'An account at Agnes was made for you.',
    button: 'Choose a password',
    lasts: 'The link works once, within 7 days.',
  },
};

/** The mail that carries a link, as text and as HTML. */
export function linkMail(to: string, purpose: LinkPurpose, url: string): Mail {
  const { subject, says, button, lasts } = WORDING[purpose];
  const shown = escapeHtml(url);
  return {
    to,
    subject,
    text: `${says}\n\n${button}: ${url}\n\n${lasts}\n`,
    html: `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(subject)}</title></head>
<body style="font-family:sans-serif;max-width:36rem">
<p>${escapeHtml(says)}</p>
<p><a href="${shown}">${escapeHtml(button)}</a></p>
<p>Or open this address: ${shown}</p>
<p>${escapeHtml(lasts)}</p>
</body></html>
`,
  };
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
