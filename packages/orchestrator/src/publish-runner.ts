/**
 * Process entry: publishes one source. Reads a request as one JSON line on stdin and writes NDJSON on stdout; see
 * `publish/protocol.ts`. Ends when stdin does, so that it never outlives the server.
 */
import { createInterface } from 'node:readline';
import { parse } from 'valibot';
import { publishRequest } from './publish/protocol.ts';
import { publishSource } from './publish/publish-source.ts';

async function main(line: string): Promise<void> {
  const request = parse(publishRequest, JSON.parse(line));
  for await (const message of publishSource(request)) {
    if (!process.stdout.write(`${JSON.stringify(message)}\n`)) {
      await new Promise((resolve) => process.stdout.once('drain', resolve));
    }
  }
}

const lines = createInterface({ input: process.stdin });
lines.once('line', (line) => {
  main(line).then(
    () => process.stdout.write('', () => process.exit(0)),
    (error: unknown) =>
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`, () => process.exit(1)),
  );
});
lines.once('close', () => process.exit(3));
