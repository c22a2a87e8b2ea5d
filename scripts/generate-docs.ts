import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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

const pages: Record<string, string> = { 'docs/specs/errors.md': errors };

const stale = Object.entries(pages).filter(([path, text]) => {
  const file = join(root, path);
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
