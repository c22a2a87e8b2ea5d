/**
 * A connector that does what its configuration says, well or badly, for tests. It speaks the protocol by hand: what it does
 * wrong is the point.
 */
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { openExtractWriter } from '@agnes/extract-contract';

interface Request {
  readonly output_dir: string;
  readonly config: { readonly behaviour: string; readonly value: string };
  readonly tables: readonly { readonly name: string }[];
  readonly state?: unknown;
}

const say = (message: unknown): void => {
  process.stdout.write(`${typeof message === 'string' ? message : JSON.stringify(message)}\n`);
};
const forever = (): Promise<never> => new Promise(() => setInterval(() => {}, 1000));

async function extract(request: Request, names: readonly string[]): Promise<void> {
  await using writer = await openExtractWriter(request.output_dir);
  for (const name of names) {
    await writer.writeTable({ name, select: `SELECT '${request.config.value}' AS value` });
    await writer.commit();
    say({ type: 'table_done', table: name, rows: 1, size_bytes: 1 });
  }
}

async function run(request: Request): Promise<number> {
  const names = request.tables.map(({ name }) => name);
  const done = (ok: number, failed: number): void => say({ type: 'done', tables_ok: ok, tables_failed: failed });
  const secret = process.env.TEST_CONNECTOR_TOKEN ?? 'unset';
  switch (request.config.behaviour) {
    case 'good':
      say({ type: 'log', level: 'info', message: `state was ${JSON.stringify(request.state ?? null)}` });
      await extract(request, names);
      say({ type: 'state', state: { value: request.config.value } });
      done(names.length, 0);
      return 0;
    case 'dies mid-way':
      await extract(request, names.slice(0, 1));
      process.stderr.write('Error: the warehouse hung up\n    at fetch\n');
      return 7;
    case 'dies at a table': {
      // As a reader of files does: one table at a time, and its name before anything can go wrong.
      const wanted = names.filter((name) => name !== request.config.value);
      const before = names.slice(0, names.indexOf(request.config.value));
      if (wanted.length === names.length) {
        await extract(request, names);
        done(names.length, 0);
        return 0;
      }
      await extract(request, before);
      say({ type: 'progress', table: request.config.value, done: 0, unit: 'bytes' });
      process.kill(process.pid, 'SIGSEGV');
      return forever();
    }
    case 'is killed':
      process.kill(process.pid, 'SIGKILL');
      return forever();
    case 'eats memory': {
      const eaten: Buffer[] = [];
      for (;;) eaten.push(Buffer.alloc(50_000_000, 1));
    }
    case 'ends without done':
      await extract(request, names);
      return 0;
    case 'hangs':
      say({ type: 'progress', done: 1, unit: 'tables' });
      process.on('SIGTERM', () => process.stderr.write('I will not go\n'));
      return forever();
    case 'writes rubbish':
      say('Loading data... 50%');
      return forever();
    case 'writes an unknown message':
      say({ type: 'celebrate' });
      return forever();
    case 'writes a huge line':
      process.stdout.write('x'.repeat(3_000_000));
      return forever();
    case 'goes on after done':
      await extract(request, names);
      done(names.length, 0);
      say({ type: 'log', level: 'info', message: 'one more thing' });
      return forever();
    case 'leaves half an extract':
      await writeFile(`${request.output_dir}/extract.duckdb.tmp`, 'half of an extract');
      process.kill(process.pid, 'SIGKILL');
      return forever();
    case 'writes a broken extract':
      await writeFile(`${request.output_dir}/extract.duckdb`, 'this is no database'.repeat(1000));
      for (const table of names) say({ type: 'table_done', table, rows: 1, size_bytes: 1 });
      done(names.length, 0);
      return 0;
    case 'leaves a grandchild': {
      await extract(request, names);
      const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      await writeFile(`${request.output_dir}/grandchild`, String(child.pid));
      child.unref();
      done(names.length, 0);
      return 0;
    }
    case 'tells secrets':
      say({ type: 'log', level: 'warning', message: `token=${secret}` });
      say({
        type: 'table_failed',
        table: names[0],
        code: 'connector_failed',
        message: `401 for ${secret}`,
        hint: secret,
      });
      process.stderr.write(`Authorization: Bearer ${secret} ${Buffer.from(secret).toString('base64')}\n`);
      return 9;
    case 'shows its environment':
      await extract(
        { ...request, config: { ...request.config, value: Object.keys(process.env).sort().join(' ') } },
        names,
      );
      done(names.length, 0);
      return 0;
    case 'fails one':
      await extract(request, names.slice(1));
      say({
        type: 'table_failed',
        table: names[0],
        code: 'source_file_not_found',
        message: 'No file matches.',
        hint: 'Look.',
      });
      done(names.length - 1, 1);
      return names.length > 1 ? 2 : 1;
    case 'lies about its exit':
      await extract(request, names);
      done(names.length, 0);
      return 1;
    case 'forgets a table':
      await extract(request, names.slice(1));
      done(names.length - 1, 0);
      return 0;
    default:
      throw new Error(`No such behaviour: ${request.config.behaviour}`);
  }
}

createInterface({ input: process.stdin }).once('line', (line) => {
  run(JSON.parse(line) as Request).then(
    (code) => process.stdout.write('', () => process.exit(code)),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});
