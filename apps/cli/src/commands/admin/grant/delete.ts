import { required } from '../../../arguments.ts';
import { AgnesCommand, type Result } from '../../../command.ts';
import { serverFlag } from '../../../flags.ts';

export class GrantDelete extends AgnesCommand {
  static override summary = 'Take a grant back; effective on the next request';
  static override examples = ['<%= config.bin %> admin grant delete grant_01h2xcejqtf2nbrexx3vqjhp41'];
  static override args = { id: required('Id of the grant: agnes admin grant list.') };
  static override flags = { server: serverFlag };

  protected override async execute(): Promise<Result> {
    const { args, flags } = await this.parse(GrantDelete);
    const { client } = await this.connect(flags.server);
    await client.deleteGrant({ params: { id: args.id } });
    return { data: { id: args.id, deleted: true }, text: `Took back the grant ${args.id}.` };
  }
}
