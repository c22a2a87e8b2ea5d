import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Confinement {
  /** The most memory it may allocate, in bytes, whatever asks for it. Linux only. */
  readonly dataBytes?: number;
  /** V8's heap, in MB. */
  readonly heapMb?: number;
}

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
}

/**
 * The command that runs a module (absolute path or file URL) with this Node and this process's `--conditions`. On Linux the
 * child dies with its parent, so that a crashed server leaves nobody at work on its files.
 */
export function nodeCommand(entry: string, confinement: Confinement = {}): Command {
  const module = entry.startsWith('file:') ? fileURLToPath(entry) : entry;
  const node = [
    process.execPath,
    ...conditions(process.execArgv),
    ...(confinement.heapMb === undefined ? [] : [`--max-old-space-size=${confinement.heapMb}`]),
    module,
  ];
  const wrapped = [...wrappers(confinement), ...node];
  const [file = process.execPath, ...args] = wrapped;
  return { file, args };
}

function wrappers({ dataBytes }: Confinement): string[] {
  if (process.platform !== 'linux') return [];
  const limits = dataBytes === undefined ? undefined : tool('prlimit');
  const parentDeath = tool('setpriv');
  return [
    ...(limits === undefined ? [] : [limits, `--data=${dataBytes}`]),
    ...(parentDeath === undefined ? [] : [parentDeath, '--pdeathsig', 'KILL']),
  ];
}

/** Whether the memory cap of {@link nodeCommand} is the operating system's here. */
export function capsMemory(): boolean {
  return process.platform === 'linux' && tool('prlimit') !== undefined;
}

function tool(name: string): string | undefined {
  return [`/usr/bin/${name}`, `/bin/${name}`].find((path) => existsSync(path));
}

/** `--conditions` of this process, so that a child finds packages the way its parent does. */
export function conditions(execArgv: readonly string[]): string[] {
  return execArgv.flatMap((argument, index) => {
    if (/^(--conditions|-C)=/.test(argument)) return [argument];
    const isPair = argument === '--conditions' || argument === '-C';
    const value = execArgv[index + 1];
    return isPair && value !== undefined ? [`--conditions=${value}`] : [];
  });
}
