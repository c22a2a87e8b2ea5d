import { AgnesError } from '@agnes/errors';
import { boolean } from '@oclif/core/flags';
import { optional } from '../../../arguments.ts';
import { AgnesCommand, type Result } from '../../../command.ts';
import { serverFlag } from '../../../flags.ts';

export class SessionsRevoke extends AgnesCommand {
  static override summary = 'Sign out somewhere else';
  static override description = 'Ends one of your sessions, or all but this one. Access tokens stay.';
  static override examples = [
    '<%= config.bin %> auth sessions revoke <id>',
    '<%= config.bin %> auth sessions revoke --others',
  ];
  static override args = { session: optional('Its id: agnes auth sessions list') };
  static override flags = {
    server: serverFlag,
    others: boolean({ description: 'All sessions but this one.' }),
  };

  protected override async execute(): Promise<Result> {
    const { args, flags } = await this.parse(SessionsRevoke);
    const all = flags.others === true;
    if ((args.session === undefined) !== all) {
      throw new AgnesError('usage', 'Name one session, or all others with --others.', {
        hint: 'agnes auth sessions list',
      });
    }
    const { client } = await this.connect(flags.server);
    if (args.session === undefined) {
      const { ended } = await client.endOtherSessions();
      return { data: { ended }, text: `Ended ${ended} ${ended === 1 ? 'session' : 'sessions'}. This one goes on.` };
    }
    await client.endSession({ params: { id: args.session } });
    return { data: { id: args.session, ended: 1 }, text: `Ended the session ${args.session}.` };
  }
}
