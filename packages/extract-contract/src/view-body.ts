export interface ViewBody {
  readonly select: string;
  /** Whether the view gives the columns other names. */
  readonly renames: boolean;
}

/** What stands after `CREATE VIEW name AS` in DuckDB's own text of a view (`duckdb_views().sql`); undefined for other text. */
export function bodyOfView(viewName: string, sql: string): ViewBody | undefined {
  const text = `"(?:[^"]|"")*"`;
  const names = [viewName, `"${viewName.replaceAll('"', '""')}"`].map(escapeRegExp).join('|');
  const head = new RegExp(
    `^CREATE VIEW (?:(?:${text}|\\w+)\\.)?(?:${names})(?<columns> ?\\((?:${text}|[^()"])*\\))? AS `,
    'i',
  );
  const match = head.exec(sql);
  if (match === null) return undefined;
  return { select: sql.slice(match[0].length).replace(/;\s*$/, ''), renames: match.groups?.columns !== undefined };
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
