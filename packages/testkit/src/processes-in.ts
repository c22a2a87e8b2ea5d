import { readdir, readFile, readlink } from 'node:fs/promises';
import { sep } from 'node:path';

export interface FoundProcess {
  readonly pid: number;
  readonly command: string;
}

/**
 * The processes of this machine whose current folder or command line names `folder`, as they are found from outside, but for
 * this one. Linux only.
 */
export async function processesIn(folder: string): Promise<FoundProcess[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const found = await Promise.all(pids.map((pid) => lookAt(pid, folder)));
  return found.filter((one) => one !== undefined);
}

async function lookAt(pid: string, folder: string): Promise<FoundProcess | undefined> {
  try {
    const [commandLine, current] = await Promise.all([
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
      readlink(`/proc/${pid}/cwd`),
    ]);
    // A process that has ended and was not waited for has no command line.
    if (commandLine === '') return undefined;
    const command = commandLine.replaceAll('\0', ' ').trim();
    const within = current === folder || current.startsWith(folder + sep) || command.includes(folder);
    return within ? { pid: Number(pid), command } : undefined;
  } catch (error) {
    // The process ended while it was looked at, or is another user's.
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (['ENOENT', 'ESRCH', 'EACCES'].includes(code)) return undefined;
    throw error;
  }
}
