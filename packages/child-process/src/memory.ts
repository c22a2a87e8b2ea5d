import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { capsMemory } from './command.ts';

const run = promisify(execFile);
const LOOK_MS = 500;

/**
 * Calls `onOver` once when a process holds more memory than it may, in bytes. Where the command of {@link nodeCommand} has
 * the operating system's own cap this does nothing, unless `always`. Returns what ends the watch.
 */
export function watchMemory(
  pid: number,
  bytes: number,
  onOver: () => void,
  { always = false }: { always?: boolean } = {},
): () => void {
  if (!always && capsMemory()) return () => {};
  let looking = false;
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    void residentBytes(pid).then((resident) => {
      looking = false;
      if (resident === undefined || resident <= bytes) return;
      clearInterval(timer);
      onOver();
    });
  }, LOOK_MS);
  return () => clearInterval(timer);
}

/** What a process holds in memory now, in bytes; undefined when it has ended or the system does not tell. */
export async function residentBytes(pid: number): Promise<number | undefined> {
  try {
    if (process.platform === 'linux') {
      const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
      return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
    }
    if (process.platform === 'win32') {
      const { stdout } = await run('tasklist', ['/fi', `pid eq ${pid}`, '/fo', 'csv', '/nh'], { windowsHide: true });
      const last = /"([\d.,\u00a0 ]+) K"\s*$/.exec(stdout)?.[1]?.replace(/\D/g, '');
      return last === undefined ? undefined : Number(last) * 1024;
    }
    const { stdout } = await run('ps', ['-o', 'rss=', '-p', String(pid)]);
    return stdout.trim() === '' ? undefined : Number(stdout) * 1024;
  } catch {
    // It ended meanwhile, or there is no such program: the deadline still holds.
    return undefined;
  }
}
