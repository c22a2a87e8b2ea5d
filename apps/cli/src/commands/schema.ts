import { required } from '../arguments.ts';
import { AgnesCommand, type Result } from '../command.ts';
import { serverFlag } from '../flags.ts';
import { withNearTables } from '../near-table.ts';
import { schemaText } from '../output/schema-text.ts';

export class Schema extends AgnesCommand {
  static override summary = 'Columns and types of a table';
  static override examples = ['<%= config.bin %> schema airports'];
  static override args = { table: required('Name or id of the table.') };
  static override flags = { server: serverFlag };

  protected override async execute(): Promise<Result> {
    const { args, flags } = await this.parse(Schema);
    const { client } = await this.connect(flags.server);
    const params = { id: args.table };
    const schema = await withNearTables(client, args.table, () => client.tableSchema({ params }));
    return { data: schema, text: schemaText(schema) };
  }
}
