/** Opens a web page in the browser of this computer; undefined where nobody would see it. */
export function browserHere(
  env: NodeJS.ProcessEnv,
  stderr: { readonly isTTY?: boolean },
): ((url: string) => Promise<unknown>) | undefined {
  if (stderr.isTTY !== true || env.SSH_CONNECTION || env.CI) return undefined;
  if (process.platform === 'linux' && !env.DISPLAY && !env.WAYLAND_DISPLAY) return undefined;
  return async (url) => {
    const { default: open } = await import('open');
    const child = await open(url);
    child.unref();
  };
}
