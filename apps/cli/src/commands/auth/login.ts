import { hostname } from 'node:os';
import type { Client } from '@agnes/api-client';
import { boolean, string } from '@oclif/core/flags';
import { browserHere } from '../../browser.ts';
import { AgnesCommand, type Result } from '../../command.ts';
import { chooseServer, clientOf } from '../../connect.ts';
import { obtainEmail, obtainPassword } from '../../credentials.ts';
import { type Approval, signInByDevice } from '../../device-login.ts';
import { passwordFlags, progressFlag, serverFlag } from '../../flags.ts';
import { formatTime } from '../../output/units.ts';
import { say } from '../../prompt.ts';
import { writeDefaultServer } from '../../settings/default-server.ts';
import { saveToken } from '../../settings/tokens.ts';

export class Login extends AgnesCommand {
  static override summary = 'Sign in, in a browser or with e-mail and password';
  static override description =
    'Opens a browser, or prints an address and a code for a browser on any other computer, and waits up to 15 minutes until you have let this one in; with --json it prints both as one line of JSON on stderr first. With --email it asks for a password instead. Keeps a session token on this computer, readable by you alone.';
  static override examples = [
    '<%= config.bin %> auth login --server https://agnes.example.com',
    '<%= config.bin %> auth login --no-browser',
    '<%= config.bin %> auth login --email ann@example.com --password-stdin < password.txt',
  ];
  static override flags = {
    server: serverFlag,
    'no-browser': boolean({ description: 'Open no browser: print the address and the code.' }),
    email: string({ description: 'Your e-mail address: sign in with a password.' }),
    ...passwordFlags,
    progress: progressFlag,
  };

  protected override async execute(): Promise<Result> {
    const { flags } = await this.parse(Login);
    const { server, from, fallback } = await chooseServer(process.env, flags.server);
    const client = clientOf(server, this.config.version);
    const byPassword = flags.email !== undefined || flags.password !== undefined || flags['password-stdin'];
    const session = byPassword
      ? await withPassword(client, flags)
      : await this.#inBrowser(client, flags['no-browser'], flags.json === true);
    await saveToken(process.env, server, { access_token: session.access_token, email: session.email });
    if (from !== 'workspace' || fallback === undefined) await writeDefaultServer(process.env, server);
    const { role, expires_at } = session;
    return {
      data: { server, email: session.email, role, expires_at },
      text: `Signed in to ${server} as ${session.email} until ${formatTime(expires_at)}.`,
      notes: ['Next: agnes catalog'],
    };
  }

  #inBrowser(client: Client, printOnly: boolean, json: boolean) {
    return signInByDevice({
      client,
      clientName: `agnes on ${hostname()
        .replaceAll(/[^\x20-\x7e]/g, '')
        .slice(0, 100)}`,
      openBrowser: printOnly ? undefined : browserHere(process.env, process.stderr),
      tell: (approval) => {
        if (json) say(approvalEvent(approval));
        else tellPerson(approval);
        this.progress.phase(`Waiting until ${approval.code} is approved`);
      },
    });
  }
}

function tellPerson({ url, code, opens }: Approval): void {
  say(opens ? `A browser opens at ${url}` : `Open this address in a browser: ${url}`);
  say(`Let this computer in with the code ${code}`);
}

/** The same for a program, which can show it to a person while this command waits. */
function approvalEvent({ url, code, opens, expiresIn }: Approval): string {
  return JSON.stringify({
    event: 'approval_needed',
    verification_uri: url,
    user_code: code,
    expires_in: expiresIn,
    browser_opens: opens,
  });
}

async function withPassword(
  client: Client,
  flags: { readonly email?: string | undefined } & Parameters<typeof obtainPassword>[0],
) {
  const email = await obtainEmail(flags.email);
  const password = await obtainPassword(flags);
  return client.signIn({ body: { email, password } });
}
