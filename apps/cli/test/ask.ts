import { runQuery } from '../src/query/run-query.ts';
import { workspacePaths } from '../src/workspace/workspace.ts';

/** What `agnes query` answers in a workspace, without the start of a process. */
export async function ask(workspace: string, sql: string): Promise<Record<string, unknown>[]> {
  await using answer = await runQuery(workspacePaths.database(workspace), sql, 0);
  const rows: Record<string, unknown>[] = [];
  for await (const chunk of answer.rows) rows.push(...chunk);
  return rows;
}
