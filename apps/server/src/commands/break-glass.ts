import { text as readAll } from 'node:stream/consumers';
import { loadConfig } from '@agnes/config';
import { AgnesError } from '@agnes/errors';
import * as v from 'valibot';
import type { ControlCommand } from '../control/protocol.ts';
import { adminTable } from './admin-table.ts';
import type { Given } from './index.ts';

const granted = v.object({
  email: v.string(),
  created: v.boolean(),
  activated: v.boolean(),
  granted: v.boolean(),
  has_password: v.boolean(),
  set_up_link: v.nullable(v.string()),
});
const admins = v.array(
  v.object({ email: v.string(), active: v.boolean(), has_password: v.boolean(), sources: v.array(v.string()) }),
);

/** Makes an administrator of an account, with the server running or stopped. */
export async function grantAdmin([input = '']: readonly string[], { switches }: Given): Promise<void> {
  if (!switches.has('--yes')) await confirm(`Make ${input} an administrator of this server?`);
  const done = v.parse(granted, await run({ name: 'grant_admin', email: input }));
  const { email } = done;
  if (done.created) say(`Added the account ${email}.`);
  if (done.activated) say(`The account ${email} was deactivated and is active again.`);
  process.stdout.write(done.granted ? `${email} is an administrator.\n` : `${email} is an administrator already.\n`);
  if (done.set_up_link !== null) {
    say('It has no password. Choose one in a browser; the link is good once, for a week:');
    say(`  ${done.set_up_link}`);
    say(`Or here: agnes-server break-glass set-password ${email} --password-stdin < password.txt`);
  }
}

/** Prints who administers the server. */
export async function listAdmins(): Promise<void> {
  const list = v.parse(admins, await run({ name: 'list_admins' }));
  if (list.length > 0) process.stdout.write(adminTable(list));
  else say('Nobody administers this server. Next: agnes-server break-glass grant-admin <email>');
}

/** Sets a password, which comes by stdin: a command line can be read by everybody on the machine. */
export async function setPassword([email = '']: readonly string[], { switches }: Given): Promise<void> {
  const use = `Use: agnes-server break-glass set-password ${email} --password-stdin < password.txt`;
  if (!switches.has('--password-stdin')) {
    throw new AgnesError('usage', 'The password is read from stdin only.', { hint: use });
  }
  const password = process.stdin.isTTY ? '' : (await readAll(process.stdin)).replace(/\r?\n$/, '');
  if (password === '') throw new AgnesError('usage', 'There is no password on stdin.', { hint: use });
  if (password.length > 1024) throw new AgnesError('usage', 'A password has at most 1024 characters.', { hint: use });
  await run({ name: 'set_password', email, password });
  process.stdout.write(`The password of ${email} is set, and its sessions are ended.\n`);
}

async function run(command: ControlCommand): Promise<unknown> {
  const config = await loadConfig(process.env);
  const { runOnHost } = await import('../control/run-on-host.ts');
  return runOnHost(config, command);
}

async function confirm(question: string): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new AgnesError('usage', `${question} There is no terminal to ask on.`, { hint: 'Say so with --yes.' });
  }
  const { createInterface } = await import('node:readline/promises');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await lines.question(`${question} [y/N] `);
  lines.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new AgnesError('usage', 'Nothing was changed.');
}

const say = (line: string): boolean => process.stderr.write(`${line}\n`);
