import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where settings live: AGNES_CONFIG_DIR, else `agnes` in the user's configuration folder. */
export function configFolder(env: Environment, platform: NodeJS.Platform = process.platform): string {
  if (env.AGNES_CONFIG_DIR) return resolve(env.AGNES_CONFIG_DIR);
  if (env.XDG_CONFIG_HOME) return join(env.XDG_CONFIG_HOME, 'agnes');
  if (platform === 'win32' && env.APPDATA) return join(env.APPDATA, 'agnes');
  return join(homedir(), '.config', 'agnes');
}

/** Where downloaded parts live, shared by all workspaces: `agnes/store` in the platform's cache folder. */
export function storeFolder(env: Environment, platform: NodeJS.Platform = process.platform): string {
  return join(cacheFolder(env, platform), 'agnes', 'store');
}

function cacheFolder(env: Environment, platform: NodeJS.Platform): string {
  if (env.XDG_CACHE_HOME) return resolve(env.XDG_CACHE_HOME);
  if (platform === 'darwin') return join(homedir(), 'Library', 'Caches');
  if (platform === 'win32') return env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local');
  return join(homedir(), '.cache');
}
