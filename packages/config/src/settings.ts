import * as v from 'valibot';
import {
  choice,
  conceal,
  DAY,
  domain,
  email,
  httpUrl,
  integer,
  optionalText,
  pathList,
  type Setting,
  setting,
  text,
} from './setting.ts';
import { AUDIT_SETTINGS } from './settings-audit.ts';
import { AUTH_SETTINGS } from './settings-auth.ts';
import { QUERY_SETTINGS } from './settings-query.ts';
import { SIGN_IN_SETTINGS } from './settings-sign-in.ts';

const LOG_LEVEL_NAMES: Readonly<Record<string, string>> = { warning: 'warn', critical: 'fatal', off: 'silent' };
const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
const logLevel = v.optional(
  v.pipe(
    text(),
    v.toLowerCase(),
    v.transform((level) => LOG_LEVEL_NAMES[level] ?? level),
    v.picklist(logLevels, `must be one of ${logLevels.join(', ')}`),
  ),
  'info',
);

const isPostgresUrl = (value: string) => {
  const url = URL.parse(value);
  return url !== null && /^postgres(ql)?:$/.test(url.protocol) && url.pathname.length > 1;
};
const schedulerToken = v.optional(
  v.pipe(
    text(),
    v.minLength(32, 'must have at least 32 characters'),
    v.maxLength(512, 'must have at most 512 characters'),
    v.regex(/^[\w.~+/=-]+$/, 'may hold letters, digits and - . _ ~ + / = only'),
    conceal,
  ),
);

/**
 * Every setting that this release reads. `Config`, the keys that instance.yaml may have, and the documentation of the
 * environment all follow from this table.
 */
export const SETTINGS = {
  dataDir: setting({
    env: ['DATA_DIR'],
    schema: v.optional(text(), './data'),
    fallback: './data',
    meaning: 'Everything the server keeps: extracts, stored files, state, temporary files.',
  }),
  stateDir: setting({
    env: ['STATE_DIR'],
    schema: optionalText,
    fallback: 'DATA_DIR/state',
    meaning: 'The state database, the overlay instance.yaml and the bootstrap code.',
  }),
  configDir: setting({
    env: ['CONFIG_DIR'],
    schema: v.optional(text(), './config'),
    fallback: './config',
    meaning: 'The folder of instance.yaml. The file may be absent.',
  }),
  host: setting({
    env: ['HOST', 'SERVER_HOST'],
    file: 'server.host',
    schema: v.optional(text(), '127.0.0.1'),
    fallback: '127.0.0.1',
    meaning:
      'The address to listen on. Other machines reach the server only when this says so, for instance `0.0.0.0`.',
  }),
  port: setting({
    env: ['PORT'],
    file: 'server.port',
    schema: integer(0, 65_535, 8000),
    fallback: '8000',
    meaning: 'The port to listen on; 0 takes a free one.',
  }),
  domain: setting({
    env: ['DOMAIN'],
    file: 'server.domain',
    schema: domain,
    fallback: '',
    meaning: 'The public host name, when a proxy with TLS stands in front.',
  }),
  serverUrl: setting({
    env: ['SERVER_URL'],
    file: 'server.url',
    schema: httpUrl,
    fallback: 'https://DOMAIN, else http://localhost:PORT',
    meaning: 'The URL under which people reach the server.',
  }),
  apiUrl: setting({
    env: ['API_URL'],
    file: 'scheduler.api_url',
    schema: httpUrl,
    fallback: 'http://127.0.0.1:PORT',
    meaning: 'The URL under which a scheduler in a process of its own reaches the server.',
  }),
  logLevel: setting({
    env: ['LOG_LEVEL'],
    file: 'server.log_level',
    schema: logLevel,
    fallback: 'info',
    meaning: 'The least level that is logged: trace, debug, info, warn, error, fatal or silent.',
  }),
  role: setting({
    env: ['AGNES_ROLE'],
    schema: choice(['all', 'api', 'worker'], 'all'),
    fallback: 'all',
    meaning: 'What the process does: everything, only HTTP, or only background work.',
  }),
  seedAdminEmail: setting({
    env: ['SEED_ADMIN_EMAIL'],
    file: 'auth.seed_admin_email',
    schema: email,
    fallback: '',
    meaning: 'The account that is made an administrator at every start; also the way back in after a lock-out.',
  }),
  seedAdminPassword: setting({
    env: ['SEED_ADMIN_PASSWORD'],
    file: 'auth.seed_admin_password',
    schema: v.optional(
      v.pipe(v.string('must be text'), v.maxLength(1024, 'must have at most 1024 characters'), conceal),
    ),
    fallback: '',
    meaning: 'The first password of that account. A password that it already has is never overwritten.',
    secret: true,
  }),
  schedulerApiToken: setting({
    env: ['SCHEDULER_API_TOKEN'],
    file: 'auth.scheduler_api_token',
    schema: schedulerToken,
    fallback: '',
    meaning:
      'The secret of a scheduler in a process of its own, at least 32 characters. It may trigger work, nothing else.',
    secret: true,
  }),
  ...AUTH_SETTINGS,
  ...SIGN_IN_SETTINGS,
  filesRoots: setting({
    env: ['AGNES_FILES_ROOTS'],
    file: 'files.roots',
    schema: pathList,
    fallback: 'DATA_DIR/files',
    meaning:
      'Folders that the file connector may read, separated by `:` (`;` on Windows); a list in instance.yaml. Nothing outside them is ever read.',
  }),
  filesMost: setting({
    env: ['AGNES_FILES_MAX'],
    file: 'files.max',
    schema: integer(1, 10_000_000, 100_000),
    fallback: '100000',
    meaning: 'The most files that one table may consist of; a folder or glob that matches more is refused.',
  }),
  extractorTimeoutSeconds: setting({
    env: ['AGNES_EXTRACTOR_TIMEOUT_SEC'],
    file: 'sync.extractor_timeout_seconds',
    schema: integer(1, 7 * DAY, 3600),
    fallback: '3600',
    meaning: 'Seconds that a connector may take for one run before it is stopped.',
  }),
  connectorMemoryMb: setting({
    env: ['AGNES_CONNECTOR_MEMORY_MB'],
    file: 'sync.connector_memory_mb',
    schema: integer(512, 1024 * 1024, 8192),
    fallback: '8192',
    meaning:
      'Megabytes that a connector may allocate; a quarter of it is for its DuckDB, before that spills. One that needs more is ended; the others go on.',
  }),
  publishTimeoutSeconds: setting({
    env: ['AGNES_PUBLISH_TIMEOUT_SEC'],
    file: 'sync.publish_timeout_seconds',
    schema: integer(1, 7 * DAY, 1800),
    fallback: '1800',
    meaning: 'Seconds that publishing a source may take before it is stopped; readers keep its last good versions.',
  }),
  publishTableTimeoutSeconds: setting({
    env: ['AGNES_PUBLISH_TABLE_TIMEOUT_SEC'],
    file: 'sync.publish_table_timeout_seconds',
    schema: integer(1, 7 * DAY, 300),
    fallback: '300',
    meaning:
      'Seconds that one table of it may take. One that needs more is refused; the other tables of the source go on.',
  }),
  publishMemoryMb: setting({
    env: ['AGNES_PUBLISH_MEMORY_MB'],
    file: 'sync.publish_memory_mb',
    schema: integer(256, 1024 * 1024, 1024),
    fallback: '1024',
    meaning: 'Megabytes that DuckDB may take to publish a source; its process may have 1024 more.',
  }),
  dataRefreshSeconds: setting({
    env: ['SCHEDULER_DATA_REFRESH_INTERVAL'],
    file: 'scheduler.data_refresh_interval',
    schema: integer(1, 30 * DAY, 900),
    fallback: '900',
    meaning: 'Seconds between two looks for tables whose schedule is due.',
  }),
  healthCheckSeconds: setting({
    env: ['SCHEDULER_HEALTH_CHECK_INTERVAL'],
    file: 'scheduler.health_check_interval',
    schema: integer(1, 30 * DAY, 300),
    fallback: '300',
    meaning: 'Seconds between two health checks by the scheduler.',
  }),
  tickSeconds: setting({
    env: ['SCHEDULER_TICK_SECONDS'],
    file: 'scheduler.tick_seconds',
    schema: integer(1, DAY, 30),
    fallback: '30',
    meaning: 'How often the scheduler looks at its clock; at most its smallest interval.',
  }),
  startupGraceSeconds: setting({
    env: ['SCHEDULER_STARTUP_GRACE_SECONDS'],
    file: 'scheduler.startup_grace_seconds',
    schema: integer(0, DAY, 60),
    fallback: '60',
    meaning: 'Seconds that the scheduler waits after its start before its first call.',
  }),
  ...AUDIT_SETTINGS,
  ...QUERY_SETTINGS,
  stateUrl: setting({
    env: ['AGNES_STATE_URL'],
    schema: v.optional(
      v.pipe(
        text(),
        v.check(isPostgresUrl, 'must be a URL such as postgres://<user>:<password>@<host>:5432/<database>'),
        conceal,
      ),
    ),
    fallback: '',
    meaning: 'A Postgres database of its own for the state, instead of the file under STATE_DIR.',
    secret: true,
  }),
  version: setting({
    env: ['AGNES_VERSION'],
    schema: v.optional(text(), 'dev'),
    fallback: 'dev',
    meaning: 'The version that the server reports; `dev` stands for its own. Images set it.',
  }),
  releaseChannel: setting({
    env: ['RELEASE_CHANNEL'],
    schema: v.optional(text(), 'dev'),
    fallback: 'dev',
    meaning: 'The release channel that the server reports.',
  }),
  imageTag: setting({
    env: ['AGNES_TAG'],
    schema: v.optional(text(), 'unknown'),
    fallback: 'unknown',
    meaning: 'The image tag that the server reports.',
  }),
  commitSha: setting({
    env: ['AGNES_COMMIT_SHA'],
    schema: v.optional(text(), 'unknown'),
    fallback: 'unknown',
    meaning: 'The commit that the server reports.',
  }),
} as const;

/** One line of the documentation of the environment. */
export interface Variable {
  readonly name: string;
  readonly aliases: readonly string[];
  /** The key in instance.yaml; null when only the environment can set it. */
  readonly file: string | null;
  readonly default: string;
  readonly meaning: string;
  readonly secret: boolean;
}

/** Every environment variable that the server reads, for the generated documentation. */
export const VARIABLES: readonly Variable[] = (Object.values(SETTINGS) as Setting[]).map((entry) => ({
  name: entry.env[0],
  aliases: entry.env.slice(1),
  file: entry.file ?? null,
  default: entry.fallback,
  meaning: entry.meaning,
  secret: entry.secret === true,
}));
