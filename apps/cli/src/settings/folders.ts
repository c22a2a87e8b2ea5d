import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { AgnesError } from '@agnes/errors';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where settings live: AGNES_CONFIG_DIR, else `agnes` in the user's configuration folder. */
export function configFolder(env: Environment, platform: NodeJS.Platform = process.platform): string {
  if (env.AGNES_CONFIG_DIR) return resolve(env.AGNES_CONFIG_DIR);
  if (env.XDG_CONFIG_HOME) return join(env.XDG_CONFIG_HOME, 'agnes');
  if (platform === 'win32' && env.APPDATA) return join(env.APPDATA, 'agnes');
  return join(homeFolder(), '.config', 'agnes');
}

/** Where downloaded parts live, shared by all workspaces: `agnes/store` in the platform's cache folder. */
export function storeFolder(env: Environment, platform: NodeJS.Platform = process.platform): string {
  return join(cacheFolder(env, platform), 'agnes', 'store');
}

function cacheFolder(env: Environment, platform: NodeJS.Platform): string {
  if (env.XDG_CACHE_HOME) return resolve(env.XDG_CACHE_HOME);
  if (platform === 'darwin') return join(homeFolder(), 'Library', 'Caches');
  if (platform === 'win32') return env.LOCALAPPDATA ?? join(homeFolder(), 'AppData', 'Local');
  return join(homeFolder(), '.cache');
}

/** The home folder. Throws `no_home_folder` when there is none, as for users without an account in a container. */
function homeFolder(): string {
  try {
    const home = homedir();
    if (isAbsolute(home)) return home;
  } catch (error) {
    if (!(error instanceof Error) || !('syscall' in error)) throw error;
  }
  throw new AgnesError('no_home_folder', 'You have no home folder here: HOME names none.', {
    hint: 'Set HOME, or AGNES_CONFIG_DIR (settings) and XDG_CACHE_HOME (downloaded parts) to folders of yours.',
  });
}
