import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '@agnes/errors';
import { readExtract } from '../reader.ts';
import { attempt, type Check, failed, noneWrong, passed, skipped } from './check.ts';
import { type CheckExtractOptions, checkExtract } from './check-extract.ts';
import { checkConversation, messagesOf } from './check-protocol.ts';
import { type Content, differences, readContent } from './read-sandboxed.ts';
import { isCommand, type Run, type RunEnd, type Subject, startSubject } from './run-subject.ts';
import { type Secrets, secretsIn } from './secrets.ts';

const TERMINATE_WITHIN_MS = 10_000;
const NO_SUCH = 'agnes_no_such_table';

/** One table of the request, in the fields of the connector protocol. */
export type TableInput = { readonly name: string } & Readonly<Record<string, unknown>>;

export interface CheckConnectorInput {
  readonly subject: Subject;
  /** Tables that the connector can extract, here and now; two or more show most. The source must not change meanwhile. */
  readonly tables: readonly [TableInput, ...TableInput[]];
  readonly config?: unknown;
  /** Variables that the connector gets. Their values count as secrets unless `secrets` says otherwise. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: Secrets;
  /** What to change in the first table so that it fails. Default: a `source_table` (and `source_query`) that is not there. */
  readonly failing?: Readonly<Record<string, unknown>>;
  /** How often it is killed, at moments spread over a run. Default 6. */
  readonly kills?: number;
  /** Milliseconds after which a run counts as hung. Default ten minutes. */
  readonly timeoutMs?: number;
}

/**
 * Runs a connector some twenty times in folders of its own and checks what it says, writes and leaves behind: protocol, exit
 * codes, the extract, atomic swap, kills, SIGTERM, a failing table, dropped tables, secrets. Throws nothing for what is wrong
 * with the connector. After a failure of the first run the other checks are left out.
 */
export async function checkConnector(input: CheckConnectorInput): Promise<Check[]> {
  const root = await mkdtemp(join(tmpdir(), 'agnes-conformance-'));
  try {
    return await checkInFolder({ ...input, folder: join(root, 'conformance'), root });
  } finally {
    await rm(root, { recursive: true, force: true, maxRetries: 3 });
  }
}

interface Context extends CheckConnectorInput {
  readonly root: string;
  /** The folder of most runs. */
  readonly folder: string;
}

async function checkInFolder(context: Context): Promise<Check[]> {
  const { folder, tables } = context;
  const names = tables.map(({ name }) => name);
  const heard: RunEnd[] = [];
  const run = async (request: RequestInput = {}): Promise<RunEnd> => {
    const end = await finish(context, await start(context, request));
    heard.push(end);
    return end;
  };

  const checks: Check[] = [];
  const first = 'first run';
  try {
    checks.push(...checkConversation(first, names, await run()));
  } catch (error) {
    return [failed(first, messageOf(error), 'See that the command runs, reads one line and ends.')];
  }
  const options: CheckExtractOptions = { secrets: secretsOf(context) };
  const written = await checkExtract(folder, options);
  checks.push(...written.map((check) => ({ ...check, name: `extract: ${check.name}` })), await checkDoneRows(context));
  const missing = await attempt('extract: each table is there', 'Write each table before table_done.', async () => {
    const content = await readContent(folder);
    const wrong = names.filter((name) => !content.has(name)).map((name) => `Table ${name} is not in the extract.`);
    return noneWrong('extract: each table is there', wrong, names.join(', '), 'Write each table before table_done.');
  });
  checks.push(missing);
  if (checks.some((check) => check.outcome === 'failed')) return [...checks, checkOutput(context, heard)];

  const content = await readContent(folder);
  const hint = 'Build extract.duckdb beside the old one, close it, and rename it; never change a file that it names.';
  const look = async (name: string, check: (name: string) => Promise<Check>): Promise<void> => {
    checks.push(await attempt(name, hint, () => check(name)));
  };
  await look('run again: readers see a whole extract all the time', (name) =>
    checkReaders(name, context, content, run),
  );
  await look('run again: the same tables', async (name) =>
    noneWrong(
      name,
      differences(content, await readContent(folder)),
      'Equal.',
      'The same source gives the same extract.',
    ),
  );
  await look('kill: the old extract stays whole', (name) => checkKills(name, context, content));
  await look('kill: the next run needs nobody', async (name) => {
    const end = await run();
    const wrong = end.code === 0 ? [] : [`It ended with ${end.code ?? end.signal}.`];
    wrong.push(...differences(content, await readContent(folder)));
    return noneWrong(name, wrong, 'Exit code 0, the same tables.', 'Pass over what a killed run left.');
  });
  await look('SIGTERM: it stops, and the extract is whole', (name) => checkTerminate(name, context, content));
  checks.push(...(await checkFailing(context, content, run)));
  await look('a part of the tables: the others stay', async (name) => {
    if (names.length < 2) return skipped(name, 'There is one table only.', 'Give two.');
    await run({ tables: tables.slice(0, 1) });
    return noneWrong(
      name,
      differences(content, await readContent(folder)),
      'They stay.',
      'Keep what is not asked for.',
    );
  });
  await look('drop: the table leaves the extract', (name) => checkDrop(name, context, run));
  await look('a request that is none: exit code 1', (name) => checkRubbish(name, context, run));
  checks.push(checkOutput(context, heard));
  return checks;
}

interface RequestInput {
  readonly tables?: readonly TableInput[];
  readonly drop?: readonly string[];
  readonly line?: string;
  readonly folder?: string;
}

type RunOnce = (request?: RequestInput) => Promise<RunEnd>;

async function start(context: Context, { tables = context.tables, drop, line, folder }: RequestInput): Promise<Run> {
  const output_dir = folder ?? context.folder;
  await mkdir(output_dir, { recursive: true });
  const request = {
    protocol: 1,
    source: 'conformance',
    output_dir,
    config: context.config ?? {},
    tables: tables.map((table) => ({ id: `conformance_${table.name}`, query_mode: 'local', ...table })),
    ...(drop === undefined ? {} : { drop }),
  };
  return startSubject(context.subject, line ?? `${JSON.stringify(request)}\n`, context.environment ?? {});
}

/** Waits for the end of a run, and kills it when there is none. */
async function finish({ timeoutMs = 600_000 }: Context, run: Run, withinMs = timeoutMs): Promise<RunEnd> {
  const waiting = new AbortController();
  const late = sleep(withinMs, undefined, { signal: waiting.signal }).then(
    () => 'late' as const,
    () => 'ended' as const,
  );
  try {
    const end = await Promise.race([run.ended, late]);
    if (typeof end !== 'string') return end;
    run.kill?.();
    throw new Error(`It did not end within ${withinMs / 1000} s.`);
  } finally {
    waiting.abort();
  }
}

function secretsOf({ secrets, environment }: Context): Secrets {
  return secrets ?? environment ?? {};
}

async function checkDoneRows({ folder }: Context): Promise<Check> {
  const name = 'extract: size_bytes and rows are set';
  return attempt(name, 'Fill in _meta.', async () => {
    const { tables } = await readExtract(folder);
    const wrong = tables
      .filter((table) => table.query_mode !== 'remote' && (table.rows === null || table.size_bytes === null))
      .map((table) => `Table ${table.table_name} has none.`);
    return noneWrong(name, wrong, `${tables.length} tables.`, 'Fill in rows and size_bytes of _meta.');
  });
}

async function checkReaders(name: string, context: Context, content: Content, run: RunOnce): Promise<Check> {
  const wrong: string[] = [];
  let reads = 0;
  let running = true;
  const read = async (): Promise<void> => {
    do {
      reads += 1;
      try {
        wrong.push(...differences(content, await readContent(context.folder)));
      } catch (error) {
        wrong.push(messageOf(error));
      }
    } while (running);
  };
  const reading = read();
  try {
    await run();
  } finally {
    running = false;
    await reading;
  }
  const hint = 'Build extract.duckdb beside the old one, close it, and rename it; never change a file that it names.';
  return noneWrong(name, wrong, `${reads} reads.`, hint);
}

async function checkKills(name: string, context: Context, content: Content): Promise<Check> {
  const { kills = 6, subject, root, folder } = context;
  if (!isCommand(subject)) return skipped(name, 'The connector runs in this process.', 'Give its command.');
  if (kills === 0) return skipped(name, 'No kills were asked for.');
  const wrong: string[] = [];
  let killed = 0;
  const { durationMs } = await finish(context, await start(context, {}));
  for (let kill = 1; kill <= kills; kill += 1) {
    // Every third time there is no extract yet.
    const fresh = kill % 3 === 0;
    const place = fresh ? join(root, `fresh_${kill}`) : folder;
    const run = await start(context, { folder: place });
    await sleep((durationMs * kill) / (kills + 1));
    run.kill?.();
    const end = await finish(context, run);
    if (end.signal !== null) killed += 1;
    const found = await contentIfAny(place);
    if (fresh && found === undefined) continue;
    const partial = fresh ? new Map([...content].filter(([table]) => found?.has(table))) : content;
    wrong.push(...differences(partial, found ?? new Map()).map((what) => `Kill ${kill}: ${what}`));
  }
  const hint =
    'Write everything under new names and rename extract.duckdb last; see "Writing it safely" in the contract.';
  if (killed === 0 && wrong.length === 0)
    return skipped(name, 'Each run ended before its kill.', 'Give larger tables.');
  return noneWrong(name, wrong, `Killed ${killed} times of ${kills}; nothing lost.`, hint);
}

async function contentIfAny(folder: string): Promise<Content | undefined> {
  try {
    await readExtract(folder);
  } catch (error) {
    if ((error as { code?: unknown }).code === 'extract_missing') return undefined;
    throw error;
  }
  return readContent(folder);
}

async function checkTerminate(name: string, context: Context, content: Content): Promise<Check> {
  if (process.platform === 'win32') return skipped(name, 'There is no SIGTERM on Windows.');
  const { durationMs } = await finish(context, await start(context, {}));
  const run = await start(context, {});
  await sleep(durationMs / 2);
  run.stop();
  const end = await finish(context, run, TERMINATE_WITHIN_MS);
  const wrong = differences(content, await readContent(context.folder));
  const how = end.code === null ? `signal ${end.signal}` : `exit code ${end.code}`;
  return noneWrong(name, wrong, `Ended with ${how}.`, 'Leave the old extract as it is when asked to stop.');
}

async function checkFailing(context: Context, content: Content, run: RunOnce): Promise<Check[]> {
  const name = 'a failing table';
  const [first, ...others] = context.tables;
  const query = first.source_query === undefined ? {} : { source_query: `SELECT * FROM ${NO_SUCH}` };
  const broken = { ...first, ...(context.failing ?? { source_table: NO_SUCH, ...query }) };
  try {
    const end = await run({ tables: [broken, ...others] });
    const { messages } = messagesOf(end.stdout);
    const fault = messages.find((message) => message.type === 'table_failed' && message.table === broken.name);
    if (fault === undefined && context.failing === undefined) {
      return [skipped(name, `A source_table ${NO_SUCH} does not make it fail.`, 'Say in `failing` what does.')];
    }
    const said = `${name}: reported by name, with code and message`;
    const kept = differences(content, await readContent(context.folder));
    return [
      fault?.type === 'table_failed' && fault.message.trim() !== '' && fault.code.trim() !== ''
        ? passed(said, `${fault.code}: ${fault.message}`)
        : failed(said, `There is no table_failed for ${broken.name}.`, 'Catch what a table throws and report it.'),
      ...checkConversation(
        name,
        context.tables.map((table) => table.name),
        end,
      ),
      noneWrong(
        `${name}: keeps what it had, and so do the others`,
        kept,
        'They do.',
        'Write a table when it is whole.',
      ),
    ];
  } catch (error) {
    return [failed(name, messageOf(error), 'One table that fails costs the others nothing.')];
  }
}

async function checkDrop(name: string, context: Context, run: RunOnce): Promise<Check> {
  const gone = context.tables.at(-1)?.name ?? '';
  const before = await readContent(context.folder);
  const end = await run({ tables: [], drop: [gone] });
  const expected = new Map([...before].filter(([table]) => table !== gone));
  const wrong = differences(expected, await readContent(context.folder));
  if (end.code !== 0) wrong.push(`It ended with ${end.code ?? end.signal}.`);
  return noneWrong(name, wrong, `${gone} is gone.`, 'Take the names in `drop` out of the extract.');
}

async function checkRubbish(name: string, context: Context, run: RunOnce): Promise<Check> {
  if (!isCommand(context.subject)) return skipped(name, 'The connector runs in this process.', 'Give its command.');
  const end = await run({ line: 'this is no request\n' });
  const { wrong } = messagesOf(end.stdout);
  if (end.code !== 1) wrong.push(`It ended with ${end.code ?? end.signal}.`);
  return noneWrong(name, wrong, 'It is.', 'Refuse what is not one line of JSON, in words, on standard error.');
}

function checkOutput(context: Context, heard: readonly RunEnd[]): Check {
  const name = 'secrets: none in what it says';
  const secrets = secretsOf(context);
  if (Object.keys(secrets).length === 0) return skipped(name, 'No secrets were given.', 'Name the variables.');
  const found = new Set(heard.flatMap(({ stdout, stderr }) => secretsIn(`${stdout}\n${stderr}`, secrets)));
  const wrong = [...found].map((secret) => `The value of ${secret} was written to the output.`);
  return noneWrong(name, wrong, `${heard.length} runs listened to.`, 'Strike values out of messages and errors.');
}
