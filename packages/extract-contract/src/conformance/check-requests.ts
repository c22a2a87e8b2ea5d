import { messageOf } from '@agnes/errors';
import { type Check, failed, noneWrong, passed, skipped } from './check.ts';
import { checkConversation, messagesOf } from './check-protocol.ts';
import type { Context, RunOnce } from './connector-runs.ts';
import { type Content, differences, readContent } from './read-sandboxed.ts';
import { isCommand } from './run-subject.ts';

// Requests that are not like the first: a table that fails, one to drop, none at all.

const NO_SUCH = 'agnes_no_such_table';

export async function checkFailing(context: Context, content: Content, run: RunOnce): Promise<Check[]> {
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

export async function checkDrop(name: string, context: Context, run: RunOnce): Promise<Check> {
  const gone = context.tables.at(-1)?.name ?? '';
  const before = await readContent(context.folder);
  const end = await run({ tables: [], drop: [gone] });
  const expected = new Map([...before].filter(([table]) => table !== gone));
  const wrong = differences(expected, await readContent(context.folder));
  if (end.code !== 0) wrong.push(`It ended with ${end.code ?? end.signal}.`);
  return noneWrong(name, wrong, `${gone} is gone.`, 'Take the names in `drop` out of the extract.');
}

export async function checkRubbish(name: string, context: Context, run: RunOnce): Promise<Check> {
  if (!isCommand(context.subject)) return skipped(name, 'The connector runs in this process.', 'Give its command.');
  const end = await run({ line: 'this is no request\n' });
  const { wrong } = messagesOf(end.stdout);
  if (end.code !== 1) wrong.push(`It ended with ${end.code ?? end.signal}.`);
  return noneWrong(name, wrong, 'It is.', 'Refuse what is not one line of JSON, in words, on standard error.');
}
