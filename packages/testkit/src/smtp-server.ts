import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import PostalMime, { type Email } from 'postal-mime';
import { startProcess } from './start-process.ts';

export interface SmtpServerOptions {
  /** Offers STARTTLS with this certificate; without it none is offered. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Asks for this account; without it for none. */
  readonly account?: { readonly user: string; readonly password: string };
  /** Takes no recipient (550). */
  readonly refuseRecipients?: boolean;
}

/** A mail as the server got it. */
export interface ReceivedMail {
  /** The envelope: what the server was told, whatever the mail's own lines say. */
  readonly from: string | null;
  readonly to: readonly string[];
  readonly secure: boolean;
  readonly user: string | null;
  /** The mail with its headers, as it came over the wire. */
  readonly raw: string;
  readonly mail: Email;
}

/** A real SMTP server in a process of its own. */
export interface SmtpServer extends AsyncDisposable {
  readonly port: number;
  /** Every mail so far. */
  received(): Promise<ReceivedMail[]>;
  /** Waits until there are that many mails, and returns them. */
  waitFor(count: number): Promise<ReceivedMail[]>;
}

interface Line {
  readonly event: string;
  readonly port?: number;
  readonly from?: string | null;
  readonly to?: readonly string[];
  readonly secure?: boolean;
  readonly user?: string | null;
  readonly raw?: string;
}

export async function startSmtpServer(options: SmtpServerOptions = {}): Promise<SmtpServer> {
  const input = {
    tls: options.tls ?? null,
    user: options.account?.user ?? null,
    password: options.account?.password ?? null,
    refuseRecipients: options.refuseRecipients ?? false,
  };
  const server = await startProcess(
    process.execPath,
    [join(import.meta.dirname, 'smtp-server-process.ts'), JSON.stringify(input)],
    { keepStdin: true },
  );
  const first = JSON.parse(await server.waitForLine((line) => line.includes('"listening"'))) as Line;
  const received = async (): Promise<ReceivedMail[]> => {
    const lines = server.stdout().split('\n').slice(0, -1);
    const mails = lines.map((line) => JSON.parse(line) as Line).filter(({ event }) => event === 'mail');
    return Promise.all(mails.map(toMail));
  };
  return {
    port: first.port ?? 0,
    received,
    async waitFor(count) {
      const deadline = Date.now() + 20_000;
      for (;;) {
        const mails = await received();
        if (mails.length >= count) return mails;
        if (Date.now() > deadline) throw new Error(`${mails.length} mails came, not ${count}; ${server.stderr()}`);
        await sleep(10);
      }
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function toMail({ from = null, to = [], secure = false, user = null, raw = '' }: Line): Promise<ReceivedMail> {
  const bytes = Buffer.from(raw, 'base64');
  return { from, to, secure, user, raw: bytes.toString('utf8'), mail: await PostalMime.parse(bytes) };
}
