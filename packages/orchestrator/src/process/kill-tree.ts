import { type ChildProcess, spawn } from 'node:child_process';
import { hasErrorCode } from '@agnes/durable-files';

/**
 * Sends a signal to a child that leads its own process group and to what it started. On Windows, where there are neither
 * groups nor signals, the whole tree is ended.
 */
export function killTree(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (child.pid === undefined) return;
  if (process.platform === 'win32') {
    spawn('taskkill', ['/pid', String(child.pid), '/T', '/F'], { stdio: 'ignore' }).on('error', () => child.kill());
    return;
  }
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    // ESRCH: all of it has ended; EPERM: macOS says so of a group of zombies.
    if (!hasErrorCode(error, 'ESRCH', 'EPERM')) throw error;
  }
}
