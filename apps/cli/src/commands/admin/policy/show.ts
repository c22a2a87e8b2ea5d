import { required } from '../../../arguments.ts';
import { AgnesCommand, type Result } from '../../../command.ts';
import { serverFlag } from '../../../flags.ts';
import { formatFields } from '../../../output/table.ts';
import { formatTime } from '../../../output/units.ts';
import { requirePolicy } from '../../../policy.ts';

export class PolicyShow extends AgnesCommand {
  static override summary = 'What a group sees of a table';
  static override examples = ['<%= config.bin %> admin policy show orders analysts'];
  static override args = { table: required('Name or id.'), group: required('Name or id.') };
  static override flags = { server: serverFlag };

  protected override async execute(): Promise<Result> {
    const { args, flags } = await this.parse(PolicyShow);
    const { client } = await this.connect(flags.server);
    const policy = await requirePolicy(client, args);
    const whole = policy.unrestricted_groups.map(({ group_name }) => group_name);
    return {
      data: policy,
      text: formatFields([
        ['table', policy.table_name ?? policy.table_id],
        ['group', policy.group_name],
        ['granted', policy.granted ? 'yes' : 'no: without a grant the policy gives nothing'],
        ['rows', policy.row_filter ?? 'all'],
        ...Object.entries(policy.column_masks).map(([column, mask]): [string, string] => [`mask of ${column}`, mask]),
        ['changed', formatTime(policy.updated_at)],
        ['error', policy.error ?? '-'],
        ['id', policy.id],
      ]),
      notes: whole.length === 0 ? [] : [`These groups see all of the table: ${whole.join(', ')}`],
    };
  }
}
