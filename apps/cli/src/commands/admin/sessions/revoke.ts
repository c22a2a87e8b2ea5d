import { AgnesError } from '@agnes/errors';
import { boolean } from '@oclif/core/flags';
import { optional, required } from '../../../arguments.ts';
import { AgnesCommand, type Result } from '../../../command.ts';
import { serverFlag } from '../../../flags.ts';

export class AdminSessionsRevoke extends AgnesCommand {
  static override summary = 'Sign a person out, of one session or of all';
  static override description = 'Access tokens stay: agnes admin token list --user <user>.';
  static override examples = [
    '<%= config.bin %> admin sessions revoke ana@example.com --all',
    '<%= config.bin %> admin sessions revoke ana@example.com session_01h2xcejqtf2nbrexx3vqjhp41',
  ];
  static override args = {
    user: required('Id or e-mail address.'),
    session: optional('Id of the session: agnes admin sessions list <user>.'),
  };
  static override flags = { server: serverFlag, all: boolean({ description: 'All of their sessions.' }) };

  protected override async execute(): Promise<Result> {
    const { args, flags } = await this.parse(AdminSessionsRevoke);
    if ((args.session === undefined) !== flags.all) {
      throw new AgnesError('usage', 'Name one session, or say --all.', {
        hint: `agnes admin sessions list ${args.user}`,
      });
    }
    const { client } = await this.connect(flags.server);
    if (args.session === undefined) {
      const { ended } = await client.endUserSessions({ params: { id: args.user } });
      return {
        data: { user: args.user, ended },
        text: `Ended ${ended} ${ended === 1 ? 'session' : 'sessions'} of ${args.user}.`,
      };
    }
    await client.endUserSession({ params: { id: args.user, session_id: args.session } });
    return { data: { user: args.user, session: args.session, ended: 1 }, text: `Ended the session ${args.session}.` };
  }
}
