import { isAgnesError } from '@agnes/errors';
import { AgnesCommand, type Result } from '../../command.ts';
import { chooseServer, clientOf } from '../../connect.ts';
import { serverFlag } from '../../flags.ts';
import { readToken, removeToken } from '../../settings/tokens.ts';

export class Logout extends AgnesCommand {
  static override summary = 'Sign out: end the session and forget its token';
  static override examples = ['<%= config.bin %> auth logout'];
  static override flags = { server: serverFlag };

  protected override async execute(): Promise<Result> {
    const { flags } = await this.parse(Logout);
    const { server, fallback } = await chooseServer(process.env, flags.server);
    const saved = await readToken(process.env, server, fallback);
    if (saved === undefined) {
      return { data: { server, signed_out: false }, text: `You were not signed in to ${server}.` };
    }
    const ended = await endSession(server, this.config.version, saved.access_token);
    await removeToken(process.env, server, fallback);
    return {
      data: { server, signed_out: true, session_ended: ended },
      text: `Signed out of ${server}.`,
      notes: ended
        ? []
        : ['The token was forgotten here; it stays valid on the server until it is revoked or expires.'],
    };
  }
}

/** Whether the token is dead on the server now. An access token is only forgotten, and so is one we cannot reach with. */
async function endSession(server: string, version: string, token: string): Promise<boolean> {
  try {
    await clientOf(server, version, token).signOut();
    return true;
  } catch (error) {
    if (isAgnesError(error, 'invalid_credentials', 'account_deactivated')) return true;
    if (isAgnesError(error)) return false;
    throw error;
  }
}
