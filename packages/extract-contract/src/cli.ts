#!/usr/bin/env node
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { AgnesError, isAgnesError, messageOf } from '@agnes/errors';
import { type Check, checkConnector, checkExtract, conforms, formatChecks, type TableInput } from './conformance.ts';
import { writeFolder } from './write-folder.ts';

const HELP = `agnes-extract: write and check extracts, from any language

  agnes-extract write FOLDER DESCRIPTION.json    files (csv, ndjson, parquet) into extracts/<source>; - reads standard input
  agnes-extract check FOLDER                     whether a folder keeps the extract contract
  agnes-extract test REQUEST.json -- COMMAND …   whether a connector does: {"tables": […], "config": {}, "failing": {}}

Options
  --secret-env NAME   a variable whose value must appear nowhere; a connector under test gets it (again for more)
  --kills N           how often the test kills the connector (default 6)
  --json              the checks as JSON

Example
  agnes-extract test request.json --secret-env SHOP_TOKEN -- python3 shop.py

Exit codes: 0 all well, 1 not, 2 wrong usage.
`;

class UsageError extends Error {}

async function main(args: readonly string[]): Promise<number> {
  const end = args.indexOf('--');
  const command = end === -1 ? [] : args.slice(end + 1);
  const { values, positionals } = parse(end === -1 ? args : args.slice(0, end));
  const [verb, first, second] = positionals;
  if (values.help === true || verb === undefined) {
    process.stdout.write(HELP);
    return verb === undefined && values.help !== true ? 2 : 0;
  }
  if (first === undefined) throw new UsageError(`${verb} needs a path.`);
  const secrets = Object.fromEntries((values['secret-env'] ?? []).map((name) => [name, secretOf(name)]));
  const show = (checks: readonly Check[]): number => {
    process.stdout.write(values.json === true ? `${JSON.stringify(checks, null, 2)}\n` : formatChecks(checks));
    return conforms(checks) ? 0 : 1;
  };
  switch (verb) {
    case 'write': {
      if (second === undefined) throw new UsageError('write needs a folder and a description.');
      const from = second === '-' ? process.cwd() : dirname(resolve(second));
      const written = await writeFolder(first, await readJson(second), from);
      process.stdout.write(`${JSON.stringify({ tables: written })}\n`);
      return 0;
    }
    case 'check':
      return show(await checkExtract(first, { secrets }));
    case 'test': {
      const [file, ...rest] = command;
      if (file === undefined) throw new UsageError('test needs a command after --.');
      const { tables, config, failing } = (await readJson(first)) as {
        tables?: [TableInput, ...TableInput[]];
        config?: unknown;
        failing?: Record<string, unknown>;
      };
      if (!Array.isArray(tables) || tables.length === 0) throw new UsageError('The request has no tables.');
      const kills = Number(values.kills ?? 6);
      if (!Number.isInteger(kills) || kills < 0) throw new UsageError('--kills is a whole number.');
      const more = failing === undefined ? {} : { failing };
      const subject = { command: [file, ...rest] as const };
      return show(await checkConnector({ subject, tables, config, environment: secrets, kills, ...more }));
    }
    default:
      throw new UsageError(`There is no command ${verb}.`);
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        json: { type: 'boolean' },
        kills: { type: 'string' },
        'secret-env': { type: 'string', multiple: true },
      },
    });
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

function secretOf(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new UsageError(`The variable ${name} is not set.`);
  return value;
}

async function readJson(path: string): Promise<unknown> {
  const content = path === '-' ? await text(process.stdin) : await readFile(path, 'utf8').catch(refuseUnreadable(path));
  try {
    return JSON.parse(content);
  } catch (error) {
    const what = path === '-' ? 'Standard input' : path;
    throw new AgnesError('invalid_config', `${what} is no JSON: ${messageOf(error)}`, { hint: 'Correct it.' });
  }
}

function refuseUnreadable(path: string) {
  return (error: unknown): never => {
    throw new UsageError(`${path} cannot be read: ${messageOf(error)}`);
  };
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const usage = error instanceof UsageError;
  const hint = usage ? 'See agnes-extract --help.' : isAgnesError(error) ? error.hint : undefined;
  process.stderr.write(`${messageOf(error)}${hint === undefined ? '' : `\n${hint}`}\n`);
  process.exitCode = usage ? 2 : 1;
}
