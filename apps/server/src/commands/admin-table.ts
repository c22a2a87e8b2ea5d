interface Administrator {
  readonly email: string;
  readonly active: boolean;
  readonly has_password: boolean;
  readonly sources: readonly string[];
}

const HEADER = ['E-MAIL ADDRESS', 'ACCOUNT', 'PASSWORD', 'ADMINISTRATOR BECAUSE OF'];
const GAP = '  ';

/** Who says that somebody is an administrator, in words and by the name that `docs/rbac.md` and the audit log have. */
const WORDS: Readonly<Record<string, string>> = {
  admin: 'another administrator, or the bootstrap code',
  system_seed: 'the setting SEED_ADMIN_EMAIL',
  cli_break_glass: 'agnes-server break-glass',
  google_sync: 'a group of Google Workspace',
  local_dev: 'local development mode',
};

/** A header and a line for each administrator, in columns. */
export function adminTable(list: readonly Administrator[]): string {
  const rows = list.map(({ email, active, has_password, sources }) => [
    email,
    active ? 'active' : 'deactivated',
    has_password ? 'set' : 'none',
    sources.map(describeSource).join('; '),
  ]);
  const table = [HEADER, ...rows];
  const widths = HEADER.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join(GAP)
      .trimEnd();
  return table.map((row) => `${line(row)}\n`).join('');
}

function describeSource(source: string): string {
  const words = source.startsWith('oidc:')
    ? 'a claim of an identity provider'
    : Object.hasOwn(WORDS, source)
      ? WORDS[source]
      : undefined;
  return words === undefined ? source : `${words} (${source})`;
}
