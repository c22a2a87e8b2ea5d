import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VARIABLES, type Variable } from '../packages/config/src/index.ts';
import { ERROR_CODES } from '../packages/errors/src/index.ts';
import {
  AGGREGATE_FUNCTIONS,
  REFUSED_FAMILIES,
  SCALAR_FAMILIES,
  TABLE_FUNCTIONS,
  WINDOW_FUNCTIONS,
} from '../packages/query-engine/src/gate/functions.ts';

// Writes the reference pages that are derived from code; with --check, fails when a page is not what the code says.
const root = join(import.meta.dirname, '..');

const errors = `# Errors

Generated from \`packages/errors/src/codes.ts\`; do not edit.

Over HTTP an error is an RFC 9457 problem document (\`application/problem+json\`) with \`code\`, \`detail\` (what happened and
why), \`hint\` (what to do next) and \`request_id\`. The CLI ends with the exit code of the error. A code without an HTTP
status exists only on the laptop.

| code | HTTP | exit | meaning |
|---|---|---|---|
${Object.entries(ERROR_CODES)
  .map(
    ([code, { status, exit, meaning }]) =>
      `| <a id="${code}"></a>\`${code}\` | ${status || '–'} | ${exit} | ${meaning} |`,
  )
  .join('\n')}
`;

const environment = `# Environment of the server

Generated from \`packages/config/src/settings.ts\`; do not edit.

A setting comes from, the first that has it: the environment, \`STATE_DIR/instance.yaml\`, \`CONFIG_DIR/instance.yaml\`, the
default. A file may refer to the environment as \`\${NAME}\`. A key that is not known, or a value that cannot be used, keeps
the server from starting; the error names the file, the key and what it must look like.

| variable | in instance.yaml | default | meaning |
|---|---|---|---|
${VARIABLES.map(environmentRow).join('\n')}
`;

const functions = `# Functions of a query

Generated from \`packages/query-engine/src/gate/functions.ts\`; do not edit.

What a query on the server may call. [DuckDB's own pages](https://duckdb.org/docs/stable/sql/functions/overview) say what each of
them does. A function that stands in no list is refused; a release of DuckDB that brings a new one does not pass our tests until
somebody has judged it. [Why](query-gateway.md).

## In expressions

${Object.entries(SCALAR_FAMILIES).map(familyOfFunctions).join('\n\n')}

${familyOfFunctions(['aggregates', [...AGGREGATE_FUNCTIONS]])}

${familyOfFunctions(['windows', [...WINDOW_FUNCTIONS]])}

## In FROM

${namesOf([...TABLE_FUNCTIONS])}

## Refused

A star stands for any ending, and is not for names of the lists above.

${Object.entries(REFUSED_FAMILIES)
  .map(([reason, names]) => `- It ${reason}: ${namesOf(names)}`)
  .join('\n')}
`;

const pages: Record<string, string> = {
  'docs/security/sql-functions.md': functions,
  'docs/specs/errors.md': errors,
  'docs/operator/environment.md': environment,
};

/** As the formatter of the repository writes it. */
function formatted(path: string, text: string): string {
  const biome = join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
  const args = [biome, 'format', `--stdin-file-path=${path}`];
  return execFileSync(process.execPath, args, { cwd: root, input: text, encoding: 'utf8' });
}

const stale = Object.entries(pages).filter(([path, draft]) => {
  const file = join(root, path);
  const text = formatted(path, draft);
  if (process.argv.includes('--check')) return readFileSync(file, 'utf8') !== text;
  writeFileSync(file, text);
  return false;
});
if (stale.length > 0) {
  process.stderr.write(
    `These pages are not what the code says: ${stale.map(([path]) => path).join(', ')}.\nRun: pnpm docs:generate\n`,
  );
  process.exitCode = 1;
}

function environmentRow({ name, aliases, file, default: fallback, meaning, secret }: Variable): string {
  const code = (text: string) => `\`${text}\``;
  const cells = [
    [name, ...aliases].map(code).join(', '),
    file === null ? '–' : code(file),
    fallback === '' ? '–' : code(fallback),
    secret ? `${meaning} **Secret.**` : meaning,
  ];
  return `| ${cells.join(' | ')} |`;
}

function familyOfFunctions([family, names]: readonly [string, readonly string[]]): string {
  return `**${family.charAt(0).toUpperCase()}${family.slice(1)}**: ${namesOf(names)}`;
}

function namesOf(names: readonly string[]): string {
  return [...names]
    .sort()
    .map((name) => (name.includes('|') ? `<code>${name.replaceAll('|', '&#124;')}</code>` : `\`${name}\``))
    .join(', ');
}
