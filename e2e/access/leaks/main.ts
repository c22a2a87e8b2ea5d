// `pnpm leaks`: random changes of who may see what, on a real server, and every reader held to a plain model after each.
import { startWorld } from '../world.ts';
import { parseOptions, USAGE, UsageError } from './options.ts';
import { walk, walkText } from './walk.ts';

/** Answers the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (options === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  await using world = await startWorld();
  const result = await walk(world, {
    ...options,
    lanes: 2,
    bystanders: 2,
    doors: [0.5, 0.03],
    onProgress: (steps, asked, wrong) =>
      void process.stderr.write(`${steps} of ${options.steps} steps, ${asked} questions, wrong answers: ${wrong}\n`),
  });
  for (const text of result.wrong) process.stderr.write(`${text}\n\n`);
  process.stdout.write(walkText('random access', options.seed, result));
  return result.leaks + result.otherWrong === 0 ? 0 : 1;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  },
);
