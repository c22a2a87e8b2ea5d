/** A stored file. Its name is its content. */
export interface Blob {
  /** 64 lower-case hex digits. */
  readonly sha256: string;
  readonly size_bytes: number;
}

export interface SweepResult {
  /** Blobs taken away. */
  readonly removed: number;
  /** Their bytes. */
  readonly bytes: number;
  /** Blobs that stay, because they are live or young. */
  readonly kept: number;
}

/** A content-addressed store of immutable files. */
export interface BlobStore {
  /**
   * Stores the content of a regular file and never follows a symbolic link. The content is copied (by reflink where the
   * file system can) and the copy is hashed, so a producer that rewrites its file later changes nothing here. `move` gives
   * the file away instead: nobody may write to it any more, and afterwards it is gone from `path`.
   *
   * Throws `storage_full`; a path that is no regular file is `source_file_invalid`, an absent one `source_file_not_found`.
   */
  putFile(path: string, options?: { readonly move?: boolean }): Promise<Blob>;

  /**
   * Stores what a stream yields. With `expected`, content of another hash or length is refused and leaves nothing behind,
   * and a stream whose hash is stored already is not read at all.
   *
   * Throws `storage_full`, `download_corrupt` (another hash, or too long) and `download_incomplete` (too short).
   */
  putStream(
    stream: AsyncIterable<Uint8Array>,
    expected?: { readonly sha256?: string; readonly size_bytes?: number },
  ): Promise<Blob>;

  stat(sha256: string): Promise<Blob | undefined>;

  /** Absolute path, for readers on this machine. The file may be absent: `stat` tells. Never write to it. */
  path(sha256: string): string;

  /**
   * The bytes, 1 MiB at a time; `range` is inclusive at both ends, as in HTTP. An absent blob errors the stream with
   * `blob_not_found`.
   */
  read(sha256: string, range?: { readonly start: number; readonly end: number }): ReadableStream<Uint8Array>;

  /** Reads the file and compares. False when it differs; an absent blob throws `blob_not_found`. */
  verify(sha256: string): Promise<boolean>;

  /**
   * Removes blobs that are not live and were neither put nor put again since `olderThan`, and temporary files that a
   * crash left. Safe beside concurrent puts: what a put has returned after `olderThan` stays.
   */
  sweep(isLive: (sha256: string) => boolean, options: { readonly olderThan: Date }): Promise<SweepResult>;
}
