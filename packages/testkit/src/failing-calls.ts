import fs, { type PathLike } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export type FailureCode = 'ENOSPC' | 'EIO' | 'EACCES' | 'EXDEV';

/** The ways in which a test lets calls fail: each code, once or from then on where a disk can stay so. */
export const FAILURE_CASES: readonly (readonly [code: FailureCode, lasting: boolean])[] = [
  ['ENOSPC', false],
  ['ENOSPC', true],
  ['EIO', false],
  ['EIO', true],
  ['EACCES', false],
  ['EXDEV', false],
];

export interface FailurePlan {
  readonly code: FailureCode;
  /** Only calls on files below these folders count. */
  readonly folders: readonly string[];
  /** Which of the calls that can end with `code` fails, from 1; 0 lets all pass and only counts. */
  readonly nth: number;
  /** Whether every such call after it fails too, as on a disk that stays full. Only once when left out. */
  readonly lasting?: boolean;
}

/** What became of a {@link FailurePlan}. */
export interface FailureReport {
  /** Calls so far that could have ended with the code. */
  readonly calls: number;
  /** The calls that failed, as `rename /path`. */
  readonly failed: readonly string[];
}

type Role = 'read' | 'write' | 'name' | 'close';
type AnyFunction = (...args: unknown[]) => unknown;
type Functions = Record<string, AnyFunction | undefined>;

/** What each call does to a file system: reads, writes (and may need space), changes names, or lets go. */
const ON_PATHS: Readonly<Record<string, Role>> = {
  access: 'read',
  appendFile: 'write',
  chmod: 'name',
  copyFile: 'write',
  cp: 'write',
  link: 'name',
  lstat: 'read',
  lutimes: 'name',
  mkdir: 'name',
  mkdtemp: 'name',
  open: 'read',
  opendir: 'read',
  readFile: 'read',
  readdir: 'read',
  readlink: 'read',
  realpath: 'read',
  rename: 'name',
  rm: 'name',
  rmdir: 'name',
  stat: 'read',
  statfs: 'read',
  symlink: 'name',
  truncate: 'write',
  unlink: 'name',
  utimes: 'name',
  writeFile: 'write',
};
const ON_HANDLES: Readonly<Record<string, Role>> = {
  appendFile: 'write',
  chmod: 'name',
  datasync: 'write',
  read: 'read',
  readFile: 'read',
  readv: 'read',
  stat: 'read',
  sync: 'write',
  truncate: 'write',
  utimes: 'name',
  write: 'write',
  writeFile: 'write',
  writev: 'write',
};
/** The same by file descriptor, as `node:fs` and its streams call them. */
const ON_DESCRIPTORS: Readonly<Record<string, Role>> = {
  close: 'close',
  fdatasync: 'write',
  fstat: 'read',
  fsync: 'write',
  ftruncate: 'write',
  futimes: 'name',
  read: 'read',
  readv: 'read',
  write: 'write',
  writev: 'write',
};
const TWO_PATHS = new Set(['copyFile', 'cp', 'link', 'rename', 'symlink']);
const NEED_NO_SPACE = new Set(['access', 'chmod', 'lutimes', 'rm', 'rmdir', 'unlink', 'utimes', 'futimes']);
const TEXTS: Readonly<Record<FailureCode, readonly [errno: number, text: string]>> = {
  ENOSPC: [-28, 'no space left on device'],
  EIO: [-5, 'i/o error'],
  EACCES: [-13, 'permission denied'],
  EXDEV: [-18, 'cross-device link not permitted'],
};

interface Call {
  readonly name: string;
  readonly role: Role;
  readonly paths: readonly string[];
  readonly args: readonly unknown[];
  readonly onPath: boolean;
}

let plan: FailurePlan | undefined;
let calls = 0;
let failed: string[] = [];
let installed = false;
const handlePaths = new WeakMap<object, string>();
const descriptorPaths = new Map<number, string>();

/**
 * From now on the file-system calls of this process, made through `node:fs` and `node:fs/promises` with promises, callbacks,
 * streams or synchronously, fail as planned. What native code does by itself (DuckDB, SQLite) is not reached. A write through
 * promises that fails has written half of its bytes; a close that fails has closed.
 */
export async function failCalls(next: FailurePlan): Promise<void> {
  await install();
  plan = { ...next, folders: next.folders.map((folder) => resolve(folder)) };
  calls = 0;
  failed = [];
}

/** Lets all calls pass again and tells what happened. */
export function stopFailing(): FailureReport {
  plan = undefined;
  return { calls, failed };
}

function shouldFail(call: Call): boolean {
  if (plan === undefined || !isBelow(plan.folders, call.paths) || !canFail(plan.code, call)) return false;
  calls += 1;
  const hit = plan.nth > 0 && (calls === plan.nth || (plan.lasting === true && calls > plan.nth));
  if (hit) failed.push(`${call.name} ${call.paths.join(' -> ')}`);
  return hit;
}

function isBelow(folders: readonly string[], paths: readonly string[]): boolean {
  return paths.some((path) => folders.some((folder) => path === folder || path.startsWith(`${folder}${sep}`)));
}

function canFail(code: FailureCode, { name, role, args, onPath }: Call): boolean {
  if (code === 'EIO') return true;
  if (code === 'EXDEV') return name.startsWith('rename') || name.startsWith('link');
  if (code === 'EACCES') return onPath;
  const plain = name.replace(/Sync$/, '');
  if (plain === 'open') return !/^(undefined|r|rs|0)$/.test(String(args[1]));
  return (role === 'write' || role === 'name') && !NEED_NO_SPACE.has(plain);
}

function failureOf({ name, paths, onPath }: Call): NodeJS.ErrnoException {
  const code = plan?.code ?? 'EIO';
  const [errno, text] = TEXTS[code];
  const syscall = name.replace(/Sync$/, '');
  const [path, dest] = paths;
  const where = onPath ? ` '${path}'${dest === undefined ? '' : ` -> '${dest}'`}` : '';
  const error: NodeJS.ErrnoException = new Error(`${code}: ${text}, ${syscall}${where}`);
  Object.assign(error, { errno, code, syscall }, onPath ? { path } : {}, dest === undefined ? {} : { dest });
  return error;
}

async function install(): Promise<void> {
  if (installed) return;
  installed = true;
  const handles = await handlePrototype();
  const [plainFs, promises] = [fs, fs.promises] as unknown as [Functions, Functions];
  for (const [name, role] of Object.entries(ON_PATHS)) {
    wrap(promises, name, (original) => promising(original, pathCall(name, role)));
    wrap(plainFs, name, (original) => callingBack(original, pathCall(name, role)));
    wrap(plainFs, `${name}Sync`, (original) => synchronous(original, pathCall(`${name}Sync`, role)));
  }
  for (const [name, role] of Object.entries(ON_DESCRIPTORS)) {
    wrap(plainFs, name, (original) => callingBack(original, descriptorCall(name, role)));
    wrap(plainFs, `${name}Sync`, (original) => synchronous(original, descriptorCall(`${name}Sync`, role)));
  }
  for (const [name, role] of Object.entries(ON_HANDLES)) {
    wrap(handles, name, (original) => promising(original, handleCall(name, role)));
  }
  syncBuiltinESMExports();
}

type Describe = (self: unknown, args: readonly unknown[]) => Call;

function pathCall(name: string, role: Role): Describe {
  return (_self, args) => ({
    name,
    role,
    args,
    onPath: true,
    paths: args
      .slice(0, TWO_PATHS.has(name.replace(/Sync$/, '')) ? 2 : 1)
      .flatMap((path) => (isPath(path) ? [textOf(path)] : [])),
  });
}

function handleCall(name: string, role: Role): Describe {
  return (self, args) => {
    const path = handlePaths.get(self as object);
    return { name, role, args, onPath: false, paths: path === undefined ? [] : [path] };
  };
}

function descriptorCall(name: string, role: Role): Describe {
  return (_self, args) => {
    const path = descriptorPaths.get(Number(args[0]));
    return { name, role, args, onPath: false, paths: path === undefined ? [] : [path] };
  };
}

function isPath(value: unknown): value is PathLike {
  return typeof value === 'string' || value instanceof URL || Buffer.isBuffer(value);
}

function textOf(path: PathLike): string {
  return resolve(path instanceof URL ? fileURLToPath(path) : String(path));
}

function wrap(target: Functions, name: string, make: (original: AnyFunction) => AnyFunction): void {
  const original = target[name];
  if (typeof original !== 'function') throw new Error(`This Node has no call named ${name} that could fail.`);
  target[name] = Object.assign(make(original), original);
}

function promising(original: AnyFunction, describe: Describe): AnyFunction {
  return async function (this: unknown, ...args) {
    const call = describe(this, args);
    if (shouldFail(call)) {
      const error = failureOf(call);
      const half = halfOf(call);
      if (half !== undefined) await Promise.resolve(original.apply(this, half)).catch(() => undefined);
      throw error;
    }
    const result = await original.apply(this, args);
    if (call.name === 'open') watchHandle(result as Functions, call.paths[0] ?? '');
    return result;
  };
}

/** Each handle has a `close` of its own; the other methods are wrapped where they all share them. */
function watchHandle(handle: Functions, path: string): void {
  handlePaths.set(handle, path);
  wrap(handle, 'close', (original) => promising(original, handleCall('close', 'close')));
}

function callingBack(original: AnyFunction, describe: Describe): AnyFunction {
  return function (this: unknown, ...args) {
    const call = describe(this, args);
    const done = args.at(-1);
    if (typeof done !== 'function') return original.apply(this, args);
    if (shouldFail(call)) {
      const error = failureOf(call);
      if (call.role === 'close') original.call(this, args[0], () => done(error));
      else process.nextTick(() => done(error));
      return undefined;
    }
    const remembering = (error: unknown, result: unknown, ...more: unknown[]): void => {
      if (call.name === 'open' && !error) descriptorPaths.set(Number(result), call.paths[0] ?? '');
      if (call.name === 'close') descriptorPaths.delete(Number(args[0]));
      done(error, result, ...more);
    };
    return original.call(this, ...args.slice(0, -1), remembering);
  };
}

function synchronous(original: AnyFunction, describe: Describe): AnyFunction {
  return function (this: unknown, ...args) {
    const call = describe(this, args);
    if (shouldFail(call)) {
      if (call.role === 'close') original.apply(this, args);
      throw failureOf(call);
    }
    const result = original.apply(this, args);
    if (call.name === 'openSync') descriptorPaths.set(Number(result), call.paths[0] ?? '');
    if (call.name === 'closeSync') descriptorPaths.delete(Number(args[0]));
    return result;
  };
}

/** What of a call happens before it fails: a close closes, a write leaves half of its bytes. */
function halfOf({ name, role, args, onPath }: Call): unknown[] | undefined {
  if (role === 'close') return [...args];
  if (name === 'write' && !onPath && ArrayBuffer.isView(args[0])) {
    const bytes = args[0] as Uint8Array;
    const at = typeof args[3] === 'number' ? args[3] : null;
    return [bytes, 0, Math.floor(bytes.byteLength / 2), at];
  }
  if (name === 'writev' && Array.isArray(args[0])) {
    const [chunks, position] = args as [Uint8Array[], unknown];
    return [chunks.slice(0, Math.ceil(chunks.length / 2)), position];
  }
  if (name === 'writeFile' || name === 'appendFile') {
    const at = onPath ? 1 : 0;
    const content = args[at];
    if (typeof content === 'string' || Buffer.isBuffer(content)) {
      return args.map((arg, index) => (index === at ? content.slice(0, Math.floor(content.length / 2)) : arg));
    }
  }
  return undefined;
}

async function handlePrototype(): Promise<Functions> {
  const path = join(tmpdir(), `agnes-handle-${process.pid}`);
  const handle = await fs.promises.open(path, 'w');
  await handle.close();
  await fs.promises.rm(path);
  return Object.getPrototypeOf(handle) as Functions;
}
