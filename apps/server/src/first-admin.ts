import type { Auth } from '@agnes/auth';
import type { Config } from '@agnes/config';
import type { Logger } from 'pino';

/**
 * Sees to it that somebody can administer the server: the account of the configuration, or whoever holds the bootstrap
 * code. Where that code is goes to the log; the code itself goes nowhere.
 */
export async function admitFirstAdmin(
  auth: Auth,
  config: Pick<Config, 'seedAdminEmail' | 'seedAdminPassword' | 'stateDir'>,
  log: Logger,
): Promise<void> {
  const { seedAdminEmail: email, seedAdminPassword: password } = config;
  if (email !== undefined) await auth.seedAdmin({ email, password });
  const codeFile = await auth.prepareBootstrap(config.stateDir);
  if (codeFile === undefined) return;
  log.warn(
    { bootstrap_code_file: codeFile },
    `nobody administers this server yet: read the code in ${codeFile} and run \`agnes setup bootstrap\``,
  );
}
