import { messageOf } from '@agnes/errors';
import { type ConnectorMessage, MAX_LINE, parseConnectorLine } from '../protocol.ts';
import { type Check, failed, noneWrong, passed } from './check.ts';
import type { RunEnd } from './run-subject.ts';

/** The messages of a run, and the lines that are none. */
export function messagesOf(stdout: string): { messages: ConnectorMessage[]; wrong: string[] } {
  const messages: ConnectorMessage[] = [];
  const wrong: string[] = [];
  const lines = stdout.split('\n');
  if (lines.pop() !== '') wrong.push('The last line does not end.');
  for (const line of lines) {
    try {
      if (line.length > MAX_LINE) wrong.push(`A line has ${line.length} characters.`);
      else messages.push(parseConnectorLine(line));
    } catch (error) {
      wrong.push(messageOf(error));
    }
  }
  return { messages, wrong };
}

/** Checks what a whole run said against what it was asked: `what` begins the names of the checks. */
export function checkConversation(what: string, tables: readonly string[], end: RunEnd): Check[] {
  const { messages, wrong } = messagesOf(end.stdout);
  const pure = noneWrong(
    `${what}: standard output has messages only`,
    wrong,
    `${messages.length} messages.`,
    'Log to standard error; write one JSON message a line to standard output.',
  );
  const last = messages.at(-1);
  const counts = reportsOf(messages);
  return [pure, checkDone(what, last, counts), checkReports(what, tables, counts), checkExit(what, last, end)];
}

interface Reports {
  readonly done: readonly string[];
  readonly failed: readonly string[];
}

function reportsOf(messages: readonly ConnectorMessage[]): Reports {
  const names = (type: 'table_done' | 'table_failed') =>
    messages.flatMap((message) => (message.type === type ? [message.table] : []));
  return { done: names('table_done'), failed: names('table_failed') };
}

function checkDone(what: string, last: ConnectorMessage | undefined, { done, failed: not }: Reports): Check {
  const name = `${what}: the last message is done, with true counts`;
  const hint = 'Send done once, last, with the numbers of tables that were done and that failed.';
  if (last?.type !== 'done') return failed(name, `The last message is ${JSON.stringify(last?.type ?? null)}.`, hint);
  const said = `${last.tables_ok} done and ${last.tables_failed} failed`;
  if (last.tables_ok === done.length && last.tables_failed === not.length) return passed(name, `${said}.`);
  return failed(name, `It says ${said}; ${done.length} and ${not.length} were reported.`, hint);
}

function checkReports(what: string, tables: readonly string[], { done, failed: not }: Reports): Check {
  const reported = [...done, ...not];
  const wrong = [
    ...tables.filter((table) => !reported.includes(table)).map((table) => `Nothing was said of table ${table}.`),
    ...reported.filter((table) => !tables.includes(table)).map((table) => `Table ${table} was not asked for.`),
    ...reported
      .filter((table, index) => reported.indexOf(table) !== index)
      .map((table) => `Table ${table} is reported twice.`),
  ];
  const hint = 'Send table_done or table_failed for each table of the request.';
  return noneWrong(`${what}: each table is reported once`, wrong, `${tables.length} tables.`, hint);
}

function checkExit(what: string, last: ConnectorMessage | undefined, { code, signal, stderr }: RunEnd): Check {
  const name = `${what}: the exit code agrees`;
  const expected = last?.type !== 'done' || last.tables_failed === 0 ? 0 : last.tables_ok === 0 ? 1 : 2;
  if (code === expected) return passed(name, `${code}.`);
  const tail = stderr.trim().split('\n').slice(-3).join(' | ');
  const said = tail === '' ? '' : ` It last said: ${tail}`;
  const ended = signal === null ? `exit code ${code}` : `signal ${signal}`;
  return failed(name, `It ended with ${ended} and not ${expected}.${said}`, 'End with 0 all tables, 2 some, 1 none.');
}
