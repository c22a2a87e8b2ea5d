import { string } from '@oclif/core/flags';
import { AgnesCommand, type Result } from '../../../command.ts';
import { serverFlag } from '../../../flags.ts';
import { formatTable } from '../../../output/table.ts';

const COLUMNS = ['TABLE', 'GROUP', 'GRANTED', 'ROWS', 'MASKED COLUMNS', 'STATE', 'ID'].map((title) => ({ title }));

export class PolicyList extends AgnesCommand {
  static override summary = 'What groups see of tables: row filters and column masks';
  static override examples = [
    '<%= config.bin %> admin policy list',
    '<%= config.bin %> admin policy list --table orders',
  ];
  static override flags = {
    server: serverFlag,
    table: string({ description: 'Only policies of this table; name or id.' }),
    group: string({ description: 'Only policies of this group; name or id.' }),
  };

  protected override async execute(): Promise<Result> {
    const { flags } = await this.parse(PolicyList);
    const { client } = await this.connect(flags.server);
    const policies = await client.listPolicies({
      query: {
        ...(flags.table === undefined ? {} : { table_id: flags.table }),
        ...(flags.group === undefined ? {} : { group_id: flags.group }),
      },
    });
    const rows = policies.map((policy) => [
      policy.table_name ?? policy.table_id,
      policy.group_name,
      policy.granted ? 'yes' : 'no',
      policy.row_filter ?? 'all',
      Object.keys(policy.column_masks).join(', ') || '-',
      policy.error === null ? 'ok' : 'fails',
      policy.id,
    ]);
    return {
      data: policies,
      text: rows.length === 0 ? '' : formatTable(COLUMNS, rows),
      notes: [
        ...(rows.length === 0 ? ['There is no policy. Next: agnes admin policy set --help'] : []),
        ...policies.flatMap((policy) =>
          policy.error === null
            ? []
            : [`${policy.table_name ?? policy.table_id}, ${policy.group_name}: ${policy.error}`],
        ),
      ],
    };
  }
}
