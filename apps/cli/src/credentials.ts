import { AgnesError } from '@agnes/errors';
import { ask, askSecret, readSecretFromStdin } from './prompt.ts';

interface PasswordFlags {
  readonly password?: string | undefined;
  readonly 'password-stdin'?: boolean | undefined;
}

/** The password from its flag, stdin, or the terminal. `twice`: a new one, typed two times. */
export async function obtainPassword(flags: PasswordFlags, { twice = false } = {}): Promise<string> {
  if (flags.password !== undefined) return flags.password;
  if (flags['password-stdin'] === true) return await readSecretFromStdin('password');
  const otherwise = 'Pipe it in with --password-stdin';
  const password = await askSecret({ question: twice ? 'New password' : 'Password', otherwise });
  if (twice && (await askSecret({ question: 'The same again', otherwise })) !== password) {
    throw new AgnesError('usage', 'The two passwords differ; nothing was changed.', { hint: 'Run the command again.' });
  }
  return password;
}

export async function obtainEmail(flag: string | undefined): Promise<string> {
  return flag ?? (await ask({ question: 'E-mail', otherwise: 'Pass it with --email' })).trim();
}

interface TokenFlags {
  readonly token?: string | undefined;
  readonly 'token-stdin'?: boolean | undefined;
}

/** The token from its flag, stdin, or the terminal. */
export async function obtainToken(flags: TokenFlags): Promise<string> {
  if (flags.token !== undefined) return flags.token.trim();
  if (flags['token-stdin'] === true) return (await readSecretFromStdin('token')).trim();
  const otherwise = 'Pipe it in with --token-stdin, or set AGNES_TOKEN';
  return (await askSecret({ question: 'Access token', otherwise })).trim();
}
