export type { Blob, BlobStore, SweepResult } from './blob-store.ts';
export { openFilesystemBlobs } from './filesystem-blobs.ts';
export { isSha256 } from './layout.ts';
export { type BlobFile, blobFileOf, streamFile, streamResponse } from './read.ts';
