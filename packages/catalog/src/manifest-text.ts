import { promisify } from 'node:util';
import { constants, crc32, deflateRaw } from 'node:zlib';

const deflate = promisify(deflateRaw);

/** The bytes of an answer, in pieces of which the large ones are shared by many answers: nobody may write to them. */
export type Pieces = readonly Uint8Array[];

/**
 * A text of which all but the end is the same in many answers. It is encoded once, and compressed once when somebody asks:
 * a deflate stream may be cut where it was flushed, so only the end is compressed for each answer.
 */
export class SharedText {
  readonly #head: Buffer;
  #compressed: Promise<{ readonly bytes: Uint8Array; readonly crc: number }> | undefined;

  constructor(head: string) {
    this.#head = Buffer.from(head);
  }

  /** Bytes that it takes, compressed ones left out. */
  get size(): number {
    return this.#head.length;
  }

  plain(end: string): Pieces {
    return [this.#head, Buffer.from(end)];
  }

  async gzipped(end: string): Promise<Pieces> {
    this.#compressed ??= this.#compress();
    const { bytes, crc } = await this.#compressed;
    const last = Buffer.from(end);
    const trailer = Buffer.alloc(8);
    trailer.writeUInt32LE(crc32(last, crc), 0);
    trailer.writeUInt32LE((this.#head.length + last.length) % 2 ** 32, 4);
    return [GZIP_HEADER, bytes, await deflate(last), trailer];
  }

  async #compress(): Promise<{ bytes: Uint8Array; crc: number }> {
    // A full flush ends at a byte, and nothing after it refers to anything before.
    const bytes = await deflate(this.#head, { finishFlush: constants.Z_FULL_FLUSH });
    return { bytes, crc: crc32(this.#head) };
  }
}

/** RFC 1952: deflate, no name, no time, an unknown system. */
const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
