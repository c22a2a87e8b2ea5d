// Where things are and which variables the child processes of a task get.
import { accessSync, constants, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const toolsFolder = join(root, '.tools');

/** The environment that everything starts from: this process's, less what would make the set-up behave differently. */
export function environment(verbose) {
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', npm_config_update_notifier: 'false' };
  delete env.NODE_ENV; // `production` would leave out the build tools
  delete env.npm_config_json; // this folder's .npmrc is for the npm that started us, not for those that we start
  if (process.platform !== 'win32' && !isWritable(env.HOME)) {
    env.HOME = join(toolsFolder, 'home');
    env.npm_config_cache = join(env.HOME, '.npm');
    mkdirSync(env.npm_config_cache, { recursive: true });
  }
  return { env, verbose };
}

/** npm and pnpm keep their caches at home; an account without a home (a service user) gets one inside the repository. */
function isWritable(folder) {
  if (!folder) return false;
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false; // whatever the reason: it cannot hold a cache
  }
}
