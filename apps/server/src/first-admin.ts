import type { Auth } from '@agnes/auth';
import type { Config } from '@agnes/config';
import type { Logger } from 'pino';

/**
 * Sees to it that somebody can administer the server: the account of the configuration, or whoever holds the bootstrap
 * code. Where that code is goes to the log; the code itself goes nowhere.
 */
export async function admitFirstAdmin(
  auth: Auth,
  config: Pick<Config, 'seedAdminEmail' | 'seedAdminPassword' | 'stateDir' | 'localDevMode' | 'localDevUserEmail'>,
  log: Logger,
): Promise<void> {
  await auth.prepareLocalDev();
  if (config.localDevMode) {
    log.warn(
      { local_dev_user: config.localDevUserEmail },
      'LOCAL DEVELOPMENT MODE: whoever reaches this server from this machine is an administrator, without any credentials. Unset LOCAL_DEV_MODE for anything else.',
    );
  }
  const { seedAdminEmail: email, seedAdminPassword: password } = config;
  if (email !== undefined) await auth.seedAdmin({ email, password: password?.reveal() });
  const codeFile = await auth.prepareBootstrap(config.stateDir);
  if (codeFile === undefined) return;
  log.warn(
    { bootstrap_code_file: codeFile },
    `nobody administers this server yet: read the code in ${codeFile} and run \`agnes setup bootstrap\``,
  );
}
