import { required } from '../../../arguments.ts';
import { AgnesCommand, type Result } from '../../../command.ts';
import { serverFlag } from '../../../flags.ts';

export class AdminTokenRevoke extends AgnesCommand {
  static override summary = "Revoke anybody's access token; the next request with it fails";
  static override examples = ['<%= config.bin %> admin token revoke token_01h2xcejqtf2nbrexx3vqjhp41'];
  static override args = { id: required('Id of the token: agnes admin token list.') };
  static override flags = { server: serverFlag };

  protected override async execute(): Promise<Result> {
    const { args, flags } = await this.parse(AdminTokenRevoke);
    const { client } = await this.connect(flags.server);
    await client.revokeAnyToken({ params: { id: args.id } });
    return { data: { id: args.id, revoked: true }, text: `Revoked the token ${args.id}.` };
  }
}
