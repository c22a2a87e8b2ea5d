import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'tsup';
import { leaveOut } from './leave-out.ts';

/** CommonJS inside the bundle (oclif) finds its own names. */
const BANNER = `import { createRequire as __createRequire } from 'node:module';
import { dirname as __dirnameOf } from 'node:path';
import { fileURLToPath as __fileURLToPath } from 'node:url';
const require = __createRequire(import.meta.url);
const __filename = __fileURLToPath(import.meta.url);
const __dirname = __dirnameOf(__filename);`;

/** One small file a command over shared chunks, so that a command loads what it needs; DuckDB alone stays outside. */
export async function bundle(root: string, outDir: string): Promise<void> {
  const sources = readdirSync(join(root, 'src', 'commands'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
    .map((path) => join('src', 'commands', path));
  await build({
    config: false,
    silent: true,
    entry: ['src/main.ts', ...sources],
    outDir,
    format: ['esm'],
    target: 'node22',
    platform: 'node',
    splitting: true,
    minify: true,
    // tsup's default writes 'sqlite' for 'node:sqlite', which is no name of a builtin.
    removeNodeProtocol: false,
    dts: false,
    noExternal: [/^(?!@duckdb\/)/],
    external: [/^@duckdb\//],
    banner: { js: BANNER },
    esbuildPlugins: [leaveOut],
    esbuildOptions(options) {
      options.outbase = join(root, 'src');
      options.absWorkingDir = root;
      options.conditions = ['@agnes/source'];
      options.define = { 'process.env.OCLIF_DISABLE_ENGINE_WARNING': '"1"' };
    },
  });
}
