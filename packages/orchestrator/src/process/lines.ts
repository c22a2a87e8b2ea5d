import { AgnesError } from '@agnes/errors';

/**
 * Lines of a byte stream, without their ends. The last one counts without a line feed too; empty ones are left out. A line
 * longer than `maxBytes` throws `connector_protocol`, before more of it is held.
 */
export async function* readLines(stream: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<string> {
  let held: Uint8Array[] = [];
  let size = 0;
  const take = (): string => {
    const line = Buffer.concat(held).toString('utf8').replace(/\r$/, '');
    held = [];
    size = 0;
    return line;
  };
  for await (const chunk of stream) {
    let start = 0;
    while (start < chunk.length) {
      const end = chunk.indexOf(0x0a, start);
      const piece = chunk.subarray(start, end < 0 ? undefined : end);
      size += piece.length;
      if (size > maxBytes) {
        throw new AgnesError('connector_protocol', `It wrote a line longer than ${maxBytes} bytes.`, {
          hint: 'Write one small JSON message a line; data belongs into files.',
        });
      }
      held.push(piece);
      if (end < 0) break;
      const line = take();
      if (line !== '') yield line;
      start = end + 1;
    }
  }
  const last = take();
  if (last !== '') yield last;
}
