import type { ChildEnd } from './run-child.ts';

/** How V8 and C++ end when an allocation is refused; SIGKILL is the system's own way. */
const SIGNALS = new Set(['SIGKILL', 'SIGABRT', 'SIGTRAP', 'SIGILL', 'SIGSEGV', 'SIGBUS']);
const SAYS_SO = /out of memory|bad_alloc|allocation failed|(cannot|failed to) allocate memory/i;

/** Whether a child that we did not end most likely did so for want of memory. */
export function ranOutOfMemory(end: ChildEnd): boolean {
  if (end.reason === 'memory') return true;
  if (end.reason !== 'exited' || end.code === 0) return false;
  return end.signal === 'SIGKILL' || ((end.signal === null || SIGNALS.has(end.signal)) && saysSo(end));
}

function saysSo(end: ChildEnd): boolean {
  return end.stderr.lines(50).some((line) => SAYS_SO.test(line));
}
