import { createInterface } from 'node:readline';

/**
 * The life of a runner process: one JSON line in, NDJSON out, exit 0, or 1 with the error on stderr. Ends with code 3 when
 * stdin ends first, so that it never outlives the server.
 */
export function answerOneRequest(answer: (request: unknown) => AsyncIterable<unknown>): void {
  const run = async (line: string): Promise<void> => {
    for await (const message of answer(JSON.parse(line))) {
      if (!process.stdout.write(`${JSON.stringify(message)}\n`)) {
        await new Promise((resolve) => process.stdout.once('drain', resolve));
      }
    }
  };
  const lines = createInterface({ input: process.stdin });
  lines.once('close', () => process.exit(3));
  lines.once('line', (line) => {
    run(line).then(
      () => process.stdout.write('', () => process.exit(0)),
      (error: unknown) => {
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        process.stderr.write(`${text}\n`, () => process.exit(1));
      },
    );
  });
}
