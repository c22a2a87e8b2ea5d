import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { build, type Options } from 'tsup';
import { minimalEnvironment } from './start-process.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** A program of ours in one file, with V8's cache of it. Removed with `await using`. */
export interface BundledProgram extends AsyncDisposable {
  /** For Node, before the program's own. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** What is bundled in the place of a source of ours: its text, or another one for a program that is broken on purpose. */
export type ChangeSource = (text: string, path: string) => string;

type Plugin = NonNullable<Options['esbuildPlugins']>[number];

/** They load native code or find files beside their own. */
const STAYS_OUTSIDE = /^(@duckdb\/|@node-rs\/|pino$)/;

/** A program that is killed writes no cache at its end, so it does so when it has started. */
const BANNER = `import { createRequire as __createRequire, flushCompileCache as __flush } from 'node:module';
const require = __createRequire(import.meta.url);
setTimeout(__flush, 500).unref();`;

/**
 * Bundles a program, and the programs that it starts, from their sources. A program that is started and killed a thousand
 * times spends most of its life loading some six hundred files; the bundle starts in a third of the time.
 */
export async function bundleProgram(entry: string, change: ChangeSource = (text) => text): Promise<BundledProgram> {
  const folder = await temporaryFolder('agnes-bundle-');
  const out = join(folder.path, 'bin');
  const root = await packageOf(entry);
  const bundled = new Set<string>();
  for (const queue = [entry]; queue.length > 0; ) {
    const source = queue.pop() ?? '';
    if (bundled.has(source)) continue;
    bundled.add(source);
    await bundle(source, out, [outside, sources(change, (started) => queue.push(started))]);
  }
  // Where a program looks for its version.
  await writeFile(join(folder.path, 'package.json'), await readFile(join(root, 'package.json')));
  return {
    args: [join(out, fileOf(entry))],
    env: { ...minimalEnvironment(), NODE_COMPILE_CACHE: join(folder.path, 'cache') },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

async function bundle(entry: string, out: string, plugins: Plugin[]): Promise<void> {
  const root = await packageOf(entry);
  await build({
    config: false,
    silent: true,
    entry: { [basename(fileOf(entry), '.mjs')]: entry },
    outDir: out,
    format: ['esm'],
    outExtension: () => ({ js: '.mjs' }),
    target: 'node22',
    platform: 'node',
    splitting: false,
    removeNodeProtocol: false,
    dts: false,
    noExternal: [/.*/],
    external: ['pg-native'],
    banner: { js: BANNER },
    esbuildPlugins: plugins,
    esbuildOptions(options) {
      options.absWorkingDir = root;
      options.conditions = ['@agnes/source'];
    },
  });
}

/** What stays outside is named by its place, because a bundle has no `node_modules` of its own. */
const outside: Plugin = {
  name: 'outside',
  setup(build) {
    build.onResolve({ filter: STAYS_OUTSIDE }, ({ importer, path }) => ({
      path: createRequire(importer).resolve(path),
      external: true,
    }));
  },
};

/** Programs that another one starts are found beside it. */
function sources(change: ChangeSource, onStarted: (entry: string) => void): Plugin {
  return {
    name: 'sources',
    setup(build) {
      build.onLoad({ filter: /\/(packages|apps)\/[^/]+\/src\/.*\.ts$/ }, async ({ path }) => {
        let contents = change(await readFile(path, 'utf8'), path);
        for (const [call, name = ''] of contents.matchAll(/import\.meta\.resolve\('(@agnes\/[^']+)'\)/g)) {
          const found = await build.resolve(name, { kind: 'import-statement', resolveDir: dirname(path) });
          onStarted(found.path);
          contents = contents.replace(call, `new URL('./${fileOf(found.path)}', import.meta.url).href`);
        }
        return { contents, loader: 'ts' };
      });
    },
  };
}

function fileOf(entry: string): string {
  return `${basename(dirname(dirname(entry)))}-${basename(entry, '.ts')}.mjs`;
}

async function packageOf(path: string): Promise<string> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    try {
      await readFile(join(folder, 'package.json'));
      return folder;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
  }
}
