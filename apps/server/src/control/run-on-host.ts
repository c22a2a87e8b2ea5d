import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BreakGlass, createBreakGlass } from '@agnes/auth';
import type { Config } from '@agnes/config';
import { hasErrorCode } from '@agnes/durable-files';
import { AgnesError, isAgnesError } from '@agnes/errors';
import { createAccess } from '@agnes/rbac';
import { openState } from '@agnes/state';
import { stateFile, stateLocation } from '../data-folder.ts';
import { callServer } from './call.ts';
import type { ControlCommand } from './protocol.ts';
import { runControlCommand } from './run-command.ts';

const TRY_FOR_MS = 60_000;
const PAUSE_MS = 200;

/**
 * Does a command on the machine of the server: by the server when it runs, else by itself, as the state's owner for that
 * moment. A server that is just starting or stopping is waited for. Throws what the command throws, and `state_locked` when
 * something holds the state and answers nobody.
 */
export async function runOnHost(config: Config, command: ControlCommand): Promise<unknown> {
  const deadline = performance.now() + TRY_FOR_MS;
  await refuseForeignFolder(config);
  for (;;) {
    const answer = await callServer(config.stateDir, command);
    if (answer !== undefined) return answer.result;
    try {
      return await alone(config, (breakGlass) => runControlCommand(breakGlass, command));
    } catch (error) {
      if (!isAgnesError(error, 'state_locked') || performance.now() > deadline) throw error;
    }
    await sleep(PAUSE_MS);
  }
}

async function alone<T>(config: Config, work: (breakGlass: BreakGlass) => Promise<T>): Promise<T> {
  await using state = await openState(stateLocation(config));
  await createAccess({ state }).seedSystemGroups();
  const result = await work(createBreakGlass({ state, serverUrl: config.serverUrl }));
  await state.checkpoint();
  return result;
}

/** A mistyped folder must not become a new installation, and files of another account would lock the server out. */
async function refuseForeignFolder(config: Config): Promise<void> {
  const owner = await ownerOf(config.stateUrl === undefined ? stateFile(config) : config.stateDir);
  if (owner === undefined) {
    throw new AgnesError('invalid_config', `There is no state under ${config.stateDir}; nothing was changed.`, {
      hint: 'Set DATA_DIR (or STATE_DIR) and CONFIG_DIR to what the server has, and start the server once.',
    });
  }
  if (process.getuid !== undefined && owner !== process.getuid()) {
    throw new AgnesError('forbidden', `${config.stateDir} belongs to another account of this machine.`, {
      hint: 'Run the command as the account that runs the server.',
    });
  }
}

async function ownerOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).uid;
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT') || hasErrorCode(error, 'ENOTDIR')) return undefined;
    if (!hasErrorCode(error, 'EACCES') && !hasErrorCode(error, 'EPERM')) throw error;
    throw new AgnesError('forbidden', `This account may not look into ${path}.`, {
      hint: 'Run the command as the account that runs the server.',
      cause: error,
    });
  }
}
