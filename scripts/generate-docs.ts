import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VARIABLES, type Variable } from '../packages/config/src/index.ts';
import { ERROR_CODES } from '../packages/errors/src/index.ts';

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

const pages: Record<string, string> = {
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
