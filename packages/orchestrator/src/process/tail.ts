/** Keeps the end of a text that comes in pieces. */
export class Tail {
  #bytes = Buffer.alloc(0);
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(chunk: Uint8Array): void {
    const joined = Buffer.concat([this.#bytes, chunk]);
    this.#bytes = joined.subarray(Math.max(0, joined.length - this.#limit));
  }

  /** The last lines, without control characters. */
  lines(most: number): string[] {
    return this.#bytes
      .toString('utf8')
      .split(/\r?\n/)
      .map((line) => line.replace(/\p{Cc}/gu, ' ').trimEnd())
      .filter((line) => line !== '')
      .slice(-most);
  }
}
