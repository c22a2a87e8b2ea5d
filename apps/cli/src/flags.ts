import { boolean, integer, string } from '@oclif/core/flags';

export const serverFlag = string({
  description: "Address of the server; default: AGNES_SERVER, the workspace's, the one signed in to.",
  helpValue: 'URL',
});

export const passwordFlags = {
  password: string({
    description:
      'The password. Seen by everyone who can list processes: better typed in or piped with --password-stdin.',
    exclusive: ['password-stdin'],
  }),
  'password-stdin': boolean({ description: 'Read the password from stdin.' }),
};

export const tokenFlags = {
  token: string({
    description: 'The token. Seen by everyone who can list processes: better typed in, piped or in AGNES_TOKEN.',
    exclusive: ['token-stdin'],
  }),
  'token-stdin': boolean({ description: 'Read the token from stdin.' }),
};

export const progressFlag = boolean({ description: 'Print progress lines even when stderr is no terminal.' });

export const rowsFlag = integer({ char: 'n', description: 'How many rows.', default: 5, min: 1, max: 100 });
