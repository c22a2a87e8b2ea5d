export { type FileLock, type LockOptions, takeFileLock } from './file-lock.ts';
export { isThere, readTextIfThere, sizeOf } from './if-there.ts';
export { syncFile, syncFolder } from './sync.ts';
export { hasErrorCode } from './system-error.ts';
export { type WriteOptions, writeFileAtomically } from './write-file.ts';
