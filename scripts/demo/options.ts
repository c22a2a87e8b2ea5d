import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

export const USAGE = `Usage: npm run demo [-- OPTION...]

  --json           print the summary as JSON on stdout; everything else goes to stderr
  --serve          leave the server running until Ctrl-C, and write its accounts to DIR/demo.json
  --port N         the server's port (default: one that is free)
  --data-dir DIR   keep the demo's data in DIR (default: .demo, removed at the start)
  --verbose        show what set-up and build print
  --help
`;

/** Something is wrong with the command line; ends with exit code 2. */
export class UsageError extends Error {}

export interface Options {
  readonly json: boolean;
  readonly serve: boolean;
  readonly port: number;
  /** The folder, and whether it is the demo's own to remove. */
  readonly dataDir: { readonly path: string; readonly isDefault: boolean };
}

/** Throws {@link UsageError}. */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const { values } = parse(args);
  if (values.help === true) return 'help';
  const port = Number(values.port ?? '0');
  if (!Number.isInteger(port) || port < 0 || port > 65_535 || values.port === '') {
    throw new UsageError(`--port ${values.port} is not a port number.\n\n${USAGE}`);
  }
  const given = values['data-dir'];
  if (given === '') throw new UsageError(`--data-dir needs a folder.\n\n${USAGE}`);
  const root = join(import.meta.dirname, '..', '..');
  return {
    json: values.json ?? false,
    serve: values.serve ?? false,
    port,
    // npm runs scripts at the root; a relative folder is meant from where the person stands.
    dataDir:
      given === undefined
        ? { path: join(root, '.demo'), isDefault: true }
        : { path: resolve(process.env.INIT_CWD ?? '.', given), isDefault: false },
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        json: { type: 'boolean' },
        serve: { type: 'boolean' },
        port: { type: 'string' },
        'data-dir': { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UsageError(`${error.message}\n\n${USAGE}`);
  }
}
