import { AgnesError } from '@agnes/errors';
import { string } from '@oclif/core/flags';
import { required } from '../../../arguments.ts';
import { AgnesCommand, type Result } from '../../../command.ts';
import { serverFlag } from '../../../flags.ts';
import { shellWord } from '../../../output/shell-word.ts';
import { findPolicy, masksFrom } from '../../../policy.ts';
import { sqlOrFile } from '../../../read-user-file.ts';

export class PolicySet extends AgnesCommand {
  static override summary = 'Limit what a group sees of a table: some rows, and masked columns';
  static override description =
    'SQL over the columns of a row and `caller`, which has user_id, email and groups (names). What is not given stays. Of several groups a person sees what any of them gives; a group without a policy gives all of it.';
  static override examples = [
    `<%= config.bin %> admin policy set orders analysts --row-filter "region = 'EU'"`,
    `<%= config.bin %> admin policy set customers support --mask email="left(email, 2) || '…'" --mask phone=NULL`,
    '<%= config.bin %> admin policy set orders analysts --row-filter @filter.sql --unmask email',
  ];
  static override args = { table: required('Name or id.'), group: required('Name or id.') };
  static override flags = {
    server: serverFlag,
    'row-filter': string({
      description: 'The rows that the group sees: a condition, or @FILE that holds it. An empty text: every row.',
      helpValue: 'SQL|@FILE',
    }),
    mask: string({
      description: 'What the group sees in place of a column.',
      helpValue: 'COLUMN=SQL|@FILE',
      multiple: true,
    }),
    unmask: string({ description: 'A column that the group sees again.', helpValue: 'COLUMN', multiple: true }),
  };

  protected override async execute(): Promise<Result> {
    const { args, flags } = await this.parse(PolicySet);
    const given = await masksFrom(flags.mask ?? []);
    const filter = flags['row-filter'] === undefined ? undefined : (await sqlOrFile(flags['row-filter'])).trim();
    const unmask = flags.unmask ?? [];
    if (filter === undefined && unmask.length === 0 && Object.keys(given).length === 0) {
      throw new AgnesError('usage', 'There is nothing to set.', { hint: 'agnes admin policy set --help' });
    }
    const { client } = await this.connect(flags.server);
    const before = await findPolicy(client, args);
    const masks = { ...before?.column_masks, ...given };
    for (const column of unmask) delete masks[column];
    const rules = {
      ...(filter === undefined ? {} : { row_filter: filter === '' ? null : filter }),
      column_masks: Object.keys(masks).length === 0 ? null : masks,
    };
    const policy =
      before === undefined
        ? await client.createPolicy({ body: { table_id: args.table, group_id: args.group, ...rules } })
        : await client.updatePolicy({ params: { id: before.id }, body: rules });
    const table = policy.table_name ?? policy.table_id;
    const whole = policy.unrestricted_groups.map(({ group_name }) => group_name);
    return {
      data: policy,
      text: `The policy of ${policy.group_name} on ${table} is set (${policy.id}).`,
      notes: [
        ...(policy.granted
          ? []
          : [`Next: agnes admin grant create ${shellWord(policy.group_name)} table ${shellWord(table)}`]),
        ...(whole.length === 0 ? [] : [`These groups see all of the table: ${whole.join(', ')}`]),
      ],
    };
  }
}
