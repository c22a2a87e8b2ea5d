import { required } from '../arguments.ts';
import { AgnesCommand, type Result } from '../command.ts';
import { rowsFlag, serverFlag } from '../flags.ts';
import { withNearTables } from '../near-table.ts';
import { formatRows } from '../output/rows.ts';
import { schemaText } from '../output/schema-text.ts';

export class Describe extends AgnesCommand {
  static override summary = 'Columns of a table and its first rows';
  static override examples = [
    '<%= config.bin %> describe airports',
    '<%= config.bin %> describe airports -n 20 --json',
  ];
  static override aliases = ['sample'];
  static override args = { table: required('Name or id of the table.') };
  static override flags = { server: serverFlag, rows: rowsFlag };

  protected override async execute(): Promise<Result> {
    const { args, flags } = await this.parse(Describe);
    const { client } = await this.connect(flags.server);
    const params = { id: args.table };
    const [schema, sample] = await withNearTables(client, args.table, () =>
      Promise.all([client.tableSchema({ params }), client.tableSample({ params, query: { n: String(flags.rows) } })]),
    );
    const columns = schema.columns.map(({ name }) => name);
    return {
      data: { schema, sample },
      text: `${schemaText(schema)}\n\n${formatRows(columns, sample.rows, process.stdout.columns)}`,
    };
  }
}
