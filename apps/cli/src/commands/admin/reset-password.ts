import { required } from '../../arguments.ts';
import { AgnesCommand, type Result } from '../../command.ts';
import { serverFlag } from '../../flags.ts';

export class ResetPassword extends AgnesCommand {
  static override summary = 'Make a link with which a person sets a new password';
  static override description =
    'The link is good once. It is mailed where a mail server is configured, and printed in any case: hand it over safely.';
  static override examples = ['<%= config.bin %> admin reset-password ana@example.com'];
  static override args = { user: required('Id or e-mail address.') };
  static override flags = { server: serverFlag };

  protected override async execute(): Promise<Result> {
    const { args, flags } = await this.parse(ResetPassword);
    const { client } = await this.connect(flags.server);
    const answer = await client.resetUserPassword({ params: { id: args.user } });
    return {
      data: answer,
      text: answer.reset_url,
      notes: [answer.email_sent ? `The link was mailed to ${args.user} too.` : 'No mail was sent: hand the link over.'],
    };
  }
}
