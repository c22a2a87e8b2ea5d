import type { Auth } from '@agnes/auth';
import type { Config } from '@agnes/config';
import type { Logger } from 'pino';

/**
 * Sees to it that somebody can administer the server: the account of the configuration, or whoever holds the bootstrap
 * code. Where that code is goes to the log; the code itself goes nowhere. When nobody has a way in, the log says the way out.
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
  if (codeFile === undefined) return warnOfShutOut(await auth.shutOutAdmins(), log);
  log.warn(
    { bootstrap_code_file: codeFile },
    `nobody administers this server yet: read the code in ${codeFile} and run \`agnes setup bootstrap\``,
  );
}

/** The bootstrap is closed for good, and nobody would say why no sign-in works. */
function warnOfShutOut(admins: readonly string[] | undefined, log: Logger): void {
  if (admins === undefined) return;
  const [first] = admins;
  if (first === undefined) {
    log.warn(
      'nobody can administer this server: it has no active administrator. Make one: agnes-server break-glass grant-admin <email>',
    );
    return;
  }
  log.warn(
    { administrators: admins },
    `nobody can sign in to administer this server: no administrator has a password, and no identity provider or mail server lets one in. Set one: agnes-server break-glass set-password ${first} --password-stdin < password.txt`,
  );
}
