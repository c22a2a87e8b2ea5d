import { text } from 'node:stream/consumers';
import { sizeOf } from '@agnes/durable-files';
import { AgnesError, isAgnesError } from '@agnes/errors';
import { boolean, integer, option, string } from '@oclif/core/flags';
import * as v from 'valibot';
import { optional } from '../arguments.ts';
import { AgnesCommand } from '../command.ts';
import { withExcerpt } from '../query/position.ts';
import type { RemoteQuery } from '../query/remote-query.ts';
import { patience, queryTimeout } from '../settings/patience.ts';
import { readState } from '../workspace/state.ts';
import { requireWorkspace, workspacePaths } from '../workspace/workspace.ts';

const stdinQuery = v.pipe(v.string(), v.parseJson(), v.object({ sql: v.string() }));
/** What is printed of a local answer unless more is asked for. */
const ROWS = 1000;
/** A hint is not worth waiting for longer. */
const ASK_SERVER_MS = 2000;

type Asked = Omit<RemoteQuery, 'sql' | 'timeoutMs' | 'stallMs'>;

export class Query extends AgnesCommand {
  static override summary = 'Run SQL on the tables of this workspace, or on the server';
  static override description =
    'The SQL is DuckDB’s. One statement that reads; the tables are those of agnes status, with --remote those of agnes catalog.';
  static override examples = [
    '<%= config.bin %> query "SELECT count(*) FROM flights"',
    '<%= config.bin %> query --format csv --limit 0 "SELECT * FROM weather" > weather.csv',
    '<%= config.bin %> query --remote --format parquet -o slice.parquet "SELECT * FROM flights WHERE year = 2026"',
  ];
  static override args = { sql: optional('The statement.') };
  static override flags = {
    sql: string({ description: 'The statement, when it is easier to pass by name.' }),
    stdin: boolean({ description: 'Read the statement from stdin, as {"sql": "…"}.' }),
    format: option({
      char: 'f',
      options: ['table', 'json', 'csv', 'ndjson', 'parquet'] as const,
      description: 'How to print rows; default table. ndjson and parquet with --remote.',
    })(),
    remote: boolean({ description: 'Run it on the server, where all tables are that you may read.' }),
    output: string({ char: 'o', description: 'Write the result to a file (with --remote; csv, ndjson, parquet).' }),
    as: string({
      description: 'For administrators: see what this person (e-mail or id) sees (with --remote).',
      dependsOn: ['remote'],
    }),
    limit: integer({
      description: `At most so many rows, 0 for all; default ${ROWS}, and all in a file from the server.`,
      min: 0,
    }),
  };

  protected override async execute(): Promise<undefined> {
    const { args, flags } = await this.parse(Query);
    const sql = await statementOf([args.sql, flags.sql], flags.stdin);
    const format = flags.format ?? (flags.json ? 'json' : 'table');
    try {
      await this.#run(sql, { ...flags, format });
    } catch (error) {
      throw withExcerpt(error, sql);
    }
    return undefined;
  }

  async #run(sql: string, { remote, ...asked }: Asked & { readonly remote: boolean }): Promise<void> {
    const { format, output, limit } = asked;
    if (remote) return await this.#remote(sql, asked);
    if (format === 'ndjson' || format === 'parquet' || output !== undefined) {
      throw new AgnesError('usage', 'ndjson, parquet and --output are for queries on the server.', {
        hint: `Add --remote, or: agnes query --format csv "SELECT …" > result.csv`,
      });
    }
    await this.#local(sql, format, limit ?? ROWS);
  }

  async #remote(sql: string, asked: Asked): Promise<void> {
    const { runRemotely } = await import('../query/remote-query.ts');
    const { client } = await this.connect();
    this.progress.phase('Running the query on the server');
    const timeoutMs = queryTimeout(process.env);
    const query = { sql, ...asked, timeoutMs, stallMs: patience(process.env) };
    const note = await runRemotely(client, query, () => this.progress[Symbol.dispose]());
    if (note !== undefined) process.stderr.write(`${note}\n`);
  }

  async #local(sql: string, format: 'table' | 'json' | 'csv', limit: number): Promise<void> {
    const [{ explainMissingTable }, { printRows }, { runQuery }] = await Promise.all([
      import('../query/missing-table.ts'),
      import('../query/print-rows.ts'),
      import('../query/run-query.ts'),
    ]);
    const { root } = await requireWorkspace(process.env);
    const path = workspacePaths.database(root);
    if ((await sizeOf(path)) === undefined) {
      throw new AgnesError('no_workspace', 'This workspace has no tables yet.', { hint: 'agnes pull' });
    }
    try {
      this.progress.phase('Running the query');
      await using answer = await runQuery(path, sql, limit);
      await printRows[format]({ ...answer, rows: this.#untilFirst(answer.rows) });
      if (answer.truncated()) {
        process.stderr.write(`Truncated at ${limit} rows. More: --limit N, all: --limit 0\n`);
      }
    } catch (error) {
      if (!isAgnesError(error, 'table_not_found')) throw error;
      const { state } = await readState(root);
      throw await explainMissingTable(error, state, () => this.#serverTables());
    }
  }

  /** The progress line goes when the first rows come. */
  async *#untilFirst<T>(rows: AsyncIterable<T>): AsyncGenerator<T> {
    for await (const some of rows) {
      this.progress[Symbol.dispose]();
      yield some;
    }
    this.progress[Symbol.dispose]();
  }

  async #serverTables(): Promise<string[] | undefined> {
    try {
      const { client } = await this.connect();
      const { tables } = await client.catalogTables({ timeoutMs: ASK_SERVER_MS });
      return tables.map(({ name }) => name);
    } catch (error) {
      // The query has failed already; the server is asked only to say more about it.
      if (isAgnesError(error)) return undefined;
      throw error;
    }
  }
}

async function statementOf(given: readonly (string | undefined)[], fromStdin: boolean): Promise<string> {
  const statements = given.filter((sql) => sql !== undefined);
  if (statements.length + (fromStdin ? 1 : 0) !== 1) {
    throw new AgnesError('usage', 'Give exactly one statement: as an argument, with --sql, or with --stdin.', {
      hint: 'agnes query "SELECT …"',
    });
  }
  const [statement] = statements;
  if (statement !== undefined) return statement;
  const parsed = v.safeParse(stdinQuery, process.stdin.isTTY ? '' : await text(process.stdin));
  if (parsed.success) return parsed.output.sql;
  throw new AgnesError('usage', 'stdin does not hold a statement.', {
    hint: `echo '{"sql": "SELECT 1"}' | agnes query --stdin`,
  });
}
