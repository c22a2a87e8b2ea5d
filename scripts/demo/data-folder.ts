import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from './options.ts';

export interface Account {
  readonly email: string;
  readonly password: string;
}

/** Where the demo keeps its things: the folder is the server's DATA_DIR, and both people's laptops are in it. */
export interface DemoFolder {
  readonly path: string;
  /** What `--serve` writes for whoever uses the server. */
  readonly file: string;
  readonly admin: Account & { readonly home: string };
  readonly analyst: Account & { readonly home: string; readonly workspace: string };
}

/**
 * An empty folder with new passwords; or, for a folder that an earlier demo left, that one with its own passwords.
 * Throws {@link UsageError} for a folder with anything else in it.
 */
export async function prepareFolder({ path, isDefault }: { path: string; isDefault: boolean }): Promise<DemoFolder> {
  if (isDefault) await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  await mkdir(path, { recursive: true });
  const file = join(path, 'demo.json');
  const earlier = existsSync(file)
    ? (JSON.parse(await readFile(file, 'utf8')) as { admin: Account; analyst: Account })
    : undefined;
  if (earlier === undefined && (await readdir(path)).length > 0) {
    throw new UsageError(`${path} is not empty, and no demo has left it. Choose another folder with --data-dir.`);
  }
  const laptops = join(path, 'laptops');
  const admin = earlier?.admin ?? { email: 'admin@example.com', password: newPassword() };
  const analyst = earlier?.analyst ?? { email: 'ana@example.com', password: newPassword() };
  const folder = {
    path,
    file,
    admin: { ...admin, home: join(laptops, 'admin') },
    analyst: { ...analyst, home: join(laptops, 'ana'), workspace: join(laptops, 'ana', 'workspace') },
  };
  await mkdir(folder.admin.home, { recursive: true });
  await mkdir(folder.analyst.workspace, { recursive: true });
  return folder;
}

/** Everything somebody needs who goes on with this server: for their eyes only. */
export async function writeAccounts(
  { path, file, admin, analyst }: DemoFolder,
  server: string,
  tokens: { readonly admin: string; readonly analyst: string },
): Promise<void> {
  const content = {
    server,
    dataDir: path,
    admin: { email: admin.email, password: admin.password, token: tokens.admin },
    analyst: { email: analyst.email, password: analyst.password, token: tokens.analyst },
    workspace: analyst.workspace,
  };
  await rm(file, { force: true });
  await writeFile(file, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
}

function newPassword(): string {
  return randomBytes(18).toString('base64url');
}
