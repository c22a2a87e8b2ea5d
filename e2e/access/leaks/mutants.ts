// Servers that are broken on purpose, each in one place: a walk that does not notice one of them shows nothing.
import { join } from 'node:path';
import { type BundledProgram, bundleProgram, repositoryRoot, serverEntry } from '@agnes/testkit';

export interface Mutant {
  readonly name: string;
  readonly file: string;
  /** What the file says there, once. */
  readonly is: string;
  readonly becomes: string;
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'what is held outlives a change',
    file: 'packages/state/src/version-cache.ts',
    is: 'if (version !== at) {',
    becomes: 'if (at === undefined || Math.random() < 0.5) {',
  },
  {
    name: 'a token that was revoked still works',
    file: 'packages/auth/src/token-way-in.ts',
    is: 'if (token.revoked_at !== null)',
    becomes: "if (token.revoked_at !== null && token.kind === 'session')",
  },
  {
    name: 'a policy that filters rows is taken for none',
    file: 'packages/rbac/src/table-access.ts',
    is: 'if (branch === undefined)',
    becomes: 'if (branch === undefined || branch.row_filter !== null)',
  },
];

/** The server with one place broken. */
export async function breed({ name, file, is, becomes }: Mutant): Promise<BundledProgram> {
  let broken = 0;
  const program = await bundleProgram(serverEntry, (text, path) => {
    if (path !== join(repositoryRoot, file) || text.split(is).length !== 2) return text;
    broken += 1;
    return text.replace(is, becomes);
  });
  if (broken > 0) return program;
  await program[Symbol.asyncDispose]();
  throw new Error(
    `'${name}' breaks nothing: ${file} does not say \`${is}\` once. Say in ${import.meta.filename} what does it.`,
  );
}
