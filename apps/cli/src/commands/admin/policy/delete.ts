import { boolean } from '@oclif/core/flags';
import { required } from '../../../arguments.ts';
import { AgnesCommand, type Result } from '../../../command.ts';
import { serverFlag } from '../../../flags.ts';
import { requirePolicy } from '../../../policy.ts';
import { confirm } from '../../../prompt.ts';

export class PolicyDelete extends AgnesCommand {
  static override summary = 'Delete a policy: a group that is granted the table then sees all of it';
  static override examples = ['<%= config.bin %> admin policy delete orders analysts --yes'];
  static override args = { table: required('Name or id.'), group: required('Name or id.') };
  static override flags = { server: serverFlag, yes: boolean({ char: 'y', description: 'Do not ask.' }) };

  protected override async execute(): Promise<Result> {
    const { args, flags } = await this.parse(PolicyDelete);
    const sure =
      flags.yes ||
      (await confirm({
        question: `Let ${args.group} see all of ${args.table}`,
        otherwise: 'Add --yes to do it without asking.',
      }));
    if (!sure) return { data: { ...args, deleted: false }, text: 'Nothing was changed.' };
    const { client } = await this.connect(flags.server);
    const { id } = await requirePolicy(client, args);
    await client.deletePolicy({ params: { id } });
    return { data: { ...args, id, deleted: true }, text: `Deleted the policy of ${args.group} on ${args.table}.` };
  }
}
