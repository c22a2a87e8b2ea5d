import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '@agnes/errors';
import { readExtract } from '../reader.ts';
import { attempt, type Check, failed, noneWrong, skipped } from './check.ts';
import { checkKills, checkReaders, checkTerminate } from './check-any-moment.ts';
import { type CheckExtractOptions, checkExtract } from './check-extract.ts';
import { checkConversation } from './check-protocol.ts';
import { checkDrop, checkFailing, checkRubbish } from './check-requests.ts';
import {
  type CheckConnectorInput,
  type Context,
  finish,
  type RequestInput,
  secretsOf,
  start,
} from './connector-runs.ts';
import { differences, readContent } from './read-sandboxed.ts';
import type { RunEnd } from './run-subject.ts';
import { secretsIn } from './secrets.ts';

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

function checkOutput(context: Context, heard: readonly RunEnd[]): Check {
  const name = 'secrets: none in what it says';
  const secrets = secretsOf(context);
  if (Object.keys(secrets).length === 0) return skipped(name, 'No secrets were given.', 'Name the variables.');
  const found = new Set(heard.flatMap(({ stdout, stderr }) => secretsIn(`${stdout}\n${stderr}`, secrets)));
  const wrong = [...found].map((secret) => `The value of ${secret} was written to the output.`);
  return noneWrong(name, wrong, `${heard.length} runs listened to.`, 'Strike values out of messages and errors.');
}
