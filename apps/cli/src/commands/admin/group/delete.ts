import { boolean } from '@oclif/core/flags';
import { required } from '../../../arguments.ts';
import { AgnesCommand, type Result } from '../../../command.ts';
import { serverFlag } from '../../../flags.ts';
import { confirm } from '../../../prompt.ts';

export class GroupDelete extends AgnesCommand {
  static override summary = 'Delete a group with its memberships, grants and policies';
  static override examples = [
    '<%= config.bin %> admin group delete analysts',
    '<%= config.bin %> admin group delete analysts --yes',
  ];
  static override args = { group: required('Name or id.') };
  static override flags = { server: serverFlag, yes: boolean({ char: 'y', description: 'Do not ask.' }) };

  protected override async execute(): Promise<Result> {
    const { args, flags } = await this.parse(GroupDelete);
    const sure =
      flags.yes ||
      (await confirm({
        question: `Delete the group ${args.group}, with its memberships, grants and policies`,
        otherwise: 'Add --yes to do it without asking.',
      }));
    if (!sure) return { data: { group: args.group, deleted: false }, text: 'Nothing was changed.' };
    const { client } = await this.connect(flags.server);
    await client.deleteGroup({ params: { id: args.group } });
    return { data: { group: args.group, deleted: true }, text: `Deleted the group ${args.group}.` };
  }
}
