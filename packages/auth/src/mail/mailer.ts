import type { MailSettings } from '@agnes/config';
import { createTransport } from 'nodemailer';

export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

export interface Mailer {
  /** Hands a mail to the mail server. Throws an `Error` that names neither addresses nor content. */
  send(mail: Mail): Promise<void>;
  counts(): MailCounts;
}

/** How sending mail went since the start. */
export interface MailCounts {
  /** Mails that the mail server took. */
  readonly sent: number;
  readonly failed: number;
  readonly last_failed: boolean;
}

const TIMEOUTS = { dnsTimeout: 10_000, connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000 };
const SMTPS_PORT = 465;
/** One address and nothing that a header or a command could take for more. */
const ADDRESS = /^[^\s<>()[\]\\,;:@"\p{Cc}]{1,64}@[^\s<>()[\]\\,;:@"\p{Cc}]{1,255}$/u;

/** Mail over SMTP, one connection a mail. With TLS asked for, a server without it or with a wrong name gets nothing. */
export function createMailer(settings: MailSettings): Mailer {
  const { host, port, user, password, from, tls } = settings;
  const transport = createTransport({
    ...TIMEOUTS,
    host,
    port,
    secure: tls && port === SMTPS_PORT,
    requireTLS: tls,
    ignoreTLS: !tls,
    tls: { minVersion: 'TLSv1.2' },
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(user === undefined || password === undefined ? {} : { auth: { user, pass: password.reveal() } }),
  });
  let sent = 0;
  let failed = 0;
  let lastFailed = false;
  return {
    async send({ to, subject, text, html }) {
      try {
        if (!ADDRESS.test(to)) throw new Error('The address cannot be one.');
        await transport.sendMail({
          from: { name: 'Agnes', address: from },
          to: { name: '', address: to },
          subject,
          text,
          html,
          // No out-of-office answers to these.
          headers: { 'Auto-Submitted': 'auto-generated' },
        });
        sent += 1;
        lastFailed = false;
      } catch (error) {
        failed += 1;
        lastFailed = true;
        throw new Error(`A mail was not sent: ${reasonOf(error)}. Check the SMTP settings and the mail server's log.`);
      }
    },
    counts: () => ({ sent, failed, last_failed: lastFailed }),
  };
}

/** What went wrong without the server's own words, which may repeat addresses. */
function reasonOf(error: unknown): string {
  const { code, command, responseCode } = error as { code?: unknown; command?: unknown; responseCode?: unknown };
  const system = error instanceof Error ? /\bE[A-Z]{3,20}\b/.exec(error.message)?.[0] : undefined;
  const facts = [code, command, responseCode, system].filter((fact) => ['string', 'number'].includes(typeof fact));
  if (facts.length > 0) return facts.join(', ');
  return error instanceof Error ? error.name : 'unknown';
}
