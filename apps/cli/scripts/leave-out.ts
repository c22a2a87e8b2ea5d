import type { Options } from 'tsup';

type Plugin = NonNullable<Options['esbuildPlugins']>[number];

/**
 * What oclif loads at every start and this CLI never uses, with what stands in its place. Each costs between 1 and 3 ms;
 * together they are a third of the start.
 */
const STAND_INS: Readonly<Record<string, string>> = {
  // Finding commands and plugins by glob: the manifest names the commands, and there are no plugins.
  tinyglobby: 'exports.glob = () => { throw new Error("The command manifest is missing."); };',
  minimatch: 'exports.minimatch = () => false;',
  lilconfig: 'exports.lilconfig = () => { throw new Error("Settings are in package.json."); };',
  // DEBUG=* of oclif itself.
  debug: 'module.exports = () => Object.assign(() => {}, { enabled: false });',
  // Spinners: progress is our own.
  'cli-spinners': 'module.exports = { line: { frames: ["-"] }, dots2: { frames: ["-"] } };',
  // Only to name the platform `wsl`.
  'wsl-utils': 'exports.isWsl = false;',
};

export const leaveOut: Plugin = {
  name: 'leave-out',
  setup(build) {
    const names = new RegExp(`^(${Object.keys(STAND_INS).join('|')})$`);
    build.onResolve({ filter: names }, ({ path }) => ({ path, namespace: 'leave-out' }));
    build.onLoad({ filter: /.*/, namespace: 'leave-out' }, ({ path }) => ({
      contents: STAND_INS[path] ?? '',
      loader: 'js',
    }));
  },
};
