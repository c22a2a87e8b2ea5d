import { boolean } from '@oclif/core/flags';
import { required } from '../../arguments.ts';
import { AgnesCommand, type Result } from '../../command.ts';
import { serverFlag } from '../../flags.ts';
import { withNearRegistered } from '../../near-table.ts';
import { confirm } from '../../prompt.ts';

export class UnregisterTable extends AgnesCommand {
  static override summary = 'Take a table out: readers lose it, laptops at their next pull';
  static override examples = [
    '<%= config.bin %> admin unregister-table airports',
    '<%= config.bin %> admin unregister-table airports --yes',
  ];
  static override args = { table: required('Name or id.') };
  static override flags = { server: serverFlag, yes: boolean({ char: 'y', description: 'Do not ask.' }) };

  protected override async execute(): Promise<Result> {
    const { args, flags } = await this.parse(UnregisterTable);
    const sure =
      flags.yes ||
      (await confirm({
        question: `Take out ${args.table}, with its grants`,
        otherwise: 'Add --yes to do it without asking.',
      }));
    if (!sure) return { data: { table: args.table, unregistered: false }, text: 'Nothing was changed.' };
    const { client } = await this.connect(flags.server);
    await withNearRegistered(client, args.table, () => client.unregisterTable({ params: { id: args.table } }));
    return { data: { table: args.table, unregistered: true }, text: `Took out ${args.table}.` };
  }
}
