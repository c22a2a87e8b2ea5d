import { existsSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Where a Chromium, Chrome or Edge is: `AGNES_TEST_BROWSER`, else where the systems put it; undefined when there is none.
 * Throws when the variable names what is not there.
 */
export function findBrowser(env: Readonly<Record<string, string | undefined>> = process.env): string | undefined {
  const named = env.AGNES_TEST_BROWSER;
  if (named !== undefined && named !== '') {
    if (!existsSync(named)) throw new Error(`AGNES_TEST_BROWSER names '${named}', and there is no such file.`);
    return named;
  }
  return placesOf(process.platform, env).find((place) => existsSync(place));
}

function placesOf(platform: NodeJS.Platform, env: Readonly<Record<string, string | undefined>>): string[] {
  if (platform === 'darwin') {
    return ['Google Chrome', 'Chromium', 'Microsoft Edge'].map(
      (name) => `/Applications/${name}.app/Contents/MacOS/${name}`,
    );
  }
  if (platform === 'win32') {
    const folders = [env.ProgramFiles, env['ProgramFiles(x86)'], env.LOCALAPPDATA].filter((one) => one !== undefined);
    return folders.flatMap((folder) => [
      join(folder, 'Google', 'Chrome', 'Application', 'chrome.exe'),
      join(folder, 'Microsoft', 'Edge', 'Application', 'msedge.exe'),
    ]);
  }
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge'];
  return ['/usr/bin', '/usr/local/bin', '/snap/bin'].flatMap((folder) => names.map((name) => join(folder, name)));
}
