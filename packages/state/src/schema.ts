import { bigint, boolean, pgTable, primaryKey, text, timestamp, unique } from 'drizzle-orm/pg-core';
import { json } from './json-column.ts';

/**
 * The one schema of the state database, true on every engine. It keeps to text, bigint, boolean, timestamptz, json and
 * double; ids and times come from code; no foreign keys, no secondary indexes, and defaults are literals only, because an
 * expression default can leave a DuckDB file that does not open again after a crash (docs/decisions/0001-state-engine.md).
 */
const at = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });
const count = (name: string) => bigint(name, { mode: 'number' });

// People and access

export const users = pgTable('users', {
  id: text('id').primaryKey(),
  /** Trimmed and lower-cased: one person is one row. */
  email: text('email').notNull().unique(),
  name: text('name'),
  /** argon2id, PHC string format; null when the person signs in another way. */
  password_hash: text('password_hash'),
  active: boolean('active').notNull().default(true),
  deactivated_at: at('deactivated_at'),
  deactivated_by: text('deactivated_by'),
  created_at: at('created_at').notNull(),
  updated_at: at('updated_at').notNull(),
});

export const userGroups = pgTable('user_groups', {
  id: text('id').primaryKey(),
  name: text('name').notNull().unique(),
  description: text('description'),
  is_system: boolean('is_system').notNull().default(false),
  created_at: at('created_at').notNull(),
  created_by: text('created_by'),
});

/** One row for each source that says so (`admin`, `system_seed`, …), so that no source takes away what another gave. */
export const userGroupMembers = pgTable(
  'user_group_members',
  {
    user_id: text('user_id').notNull(),
    group_id: text('group_id').notNull(),
    source: text('source').notNull(),
    added_at: at('added_at').notNull(),
    added_by: text('added_by'),
  },
  (table) => [primaryKey({ columns: [table.user_id, table.group_id, table.source] })],
);

export const resourceGrants = pgTable(
  'resource_grants',
  {
    id: text('id').primaryKey(),
    group_id: text('group_id').notNull(),
    resource_type: text('resource_type').notNull(),
    resource_id: text('resource_id').notNull(),
    assigned_at: at('assigned_at').notNull(),
    assigned_by: text('assigned_by'),
  },
  (table) => [unique('resource_grants_once').on(table.group_id, table.resource_type, table.resource_id)],
);

/** Sessions and personal access tokens. Only the SHA-256 of a token is here, never the token. */
export const accessTokens = pgTable('access_tokens', {
  id: text('id').primaryKey(),
  user_id: text('user_id').notNull(),
  /** `session` or `personal`. */
  kind: text('kind').notNull(),
  name: text('name').notNull(),
  token_hash: text('token_hash').notNull().unique(),
  /** The first characters of the token, so that its owner recognises it. */
  prefix: text('prefix').notNull(),
  scope: text('scope').notNull().default('general'),
  created_at: at('created_at').notNull(),
  expires_at: at('expires_at'),
  last_used_at: at('last_used_at'),
  last_used_ip: text('last_used_ip'),
  revoked_at: at('revoked_at'),
  /** How a session's person proved who they are: `password`, `magic_link`, `oidc:<provider>`, `device`, …; null for others. */
  auth_method: text('auth_method'),
  created_ip: text('created_ip'),
  user_agent: text('user_agent'),
});

/** Addresses from which a session or token was used; a new one is audited. */
export const tokenAddresses = pgTable(
  'token_addresses',
  {
    token_id: text('token_id').notNull(),
    ip: text('ip').notNull(),
    first_used_at: at('first_used_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.token_id, table.ip] })],
);

/** Who an identity provider says that somebody is. The subject never changes; the e-mail address may. */
export const userIdentities = pgTable(
  'user_identities',
  {
    provider: text('provider').notNull(),
    subject: text('subject').notNull(),
    user_id: text('user_id').notNull(),
    email: text('email').notNull(),
    created_at: at('created_at').notNull(),
    last_used_at: at('last_used_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.provider, table.subject] })],
);

/** Links that were sent: each good once, for one purpose. Only the SHA-256 of its secret is here. */
export const oneTimeTokens = pgTable('one_time_tokens', {
  id: text('id').primaryKey(),
  user_id: text('user_id').notNull(),
  /** `magic_link`, `password_reset` or `invite`. */
  purpose: text('purpose').notNull(),
  token_hash: text('token_hash').notNull().unique(),
  created_at: at('created_at').notNull(),
  created_by: text('created_by'),
  expires_at: at('expires_at').notNull(),
  consumed_at: at('consumed_at'),
});

/** Sign-ins at an identity provider that have begun and not come back. */
export const oidcLogins = pgTable('oidc_logins', {
  state_hash: text('state_hash').primaryKey(),
  provider: text('provider').notNull(),
  /** Of a cookie, so that the answer counts only in the browser that asked. */
  browser_hash: text('browser_hash').notNull(),
  nonce: text('nonce').notNull(),
  code_verifier: text('code_verifier').notNull(),
  next_path: text('next_path').notNull(),
  expires_at: at('expires_at').notNull(),
});

/** Command lines that wait for somebody to let them in from a browser (RFC 8628). */
export const deviceLogins = pgTable('device_logins', {
  id: text('id').primaryKey(),
  device_code_hash: text('device_code_hash').notNull().unique(),
  user_code_hash: text('user_code_hash').notNull().unique(),
  client_name: text('client_name').notNull(),
  /** `pending`, `approved`, `denied` or `used`. */
  status: text('status').notNull(),
  user_id: text('user_id'),
  created_ip: text('created_ip'),
  created_at: at('created_at').notNull(),
  expires_at: at('expires_at').notNull(),
});

/** How often something was tried in the current window: sign-ins by address and by account. */
export const attempts = pgTable('attempts', {
  key: text('key').primaryKey(),
  count: count('count').notNull(),
  window_ends_at: at('window_ends_at').notNull(),
});

/** What of a table a group sees. One policy a table and group; what several groups let through adds up. */
export const tablePolicies = pgTable(
  'table_policies',
  {
    id: text('id').primaryKey(),
    table_id: text('table_id').notNull(),
    group_id: text('group_id').notNull(),
    /** A condition in SQL over the row and `caller`; null for every row. */
    row_filter: text('row_filter'),
    /** Column name → an expression in SQL in place of its value. */
    column_masks: json('column_masks').$type<Record<string, string>>(),
    created_at: at('created_at').notNull(),
    created_by: text('created_by'),
    updated_at: at('updated_at').notNull(),
    updated_by: text('updated_by'),
    /** Why it last failed on real data, for the administrator; null when it did not. */
    error: text('error'),
    error_at: at('error_at'),
  },
  (table) => [unique('table_policies_once').on(table.table_id, table.group_id)],
);

/** What each person has asked of the query gateway in a UTC day (`2026-01-31`). */
export const queryUsage = pgTable(
  'query_usage',
  {
    user_id: text('user_id').notNull(),
    day: text('day').notNull(),
    queries: count('queries').notNull(),
    /** Bytes of results. */
    bytes: count('bytes').notNull(),
  },
  (table) => [primaryKey({ columns: [table.user_id, table.day] })],
);

export const auditLog = pgTable('audit_log', {
  id: text('id').primaryKey(),
  timestamp: at('timestamp').notNull(),
  user_id: text('user_id'),
  action: text('action').notNull(),
  resource: text('resource'),
  params: json('params').$type<Record<string, unknown>>(),
  result: text('result'),
  /** Address of the peer, when the action came by a request. */
  ip: text('ip'),
  /** Id of the session or token that was used. */
  credential_id: text('credential_id'),
  duration_ms: count('duration_ms'),
});

// Tables and their versions

export const tableRegistry = pgTable('table_registry', {
  /** Opaque. Grants, versions and paths use it; the name is a label. */
  id: text('id').primaryKey(),
  /** The name as analysts write it in SQL. */
  name: text('name').notNull().unique(),
  /** `name` lower-cased: DuckDB resolves names without regard to case. */
  name_key: text('name_key').notNull().unique(),
  /** The folder under `extracts/` that publishes the table. */
  source: text('source').notNull(),
  source_type: text('source_type').notNull(),
  bucket: text('bucket'),
  source_table: text('source_table'),
  source_query: text('source_query'),
  query_mode: text('query_mode').notNull().default('local'),
  sync_strategy: text('sync_strategy').notNull().default('full_refresh'),
  sync_schedule: text('sync_schedule'),
  primary_key: json('primary_key').$type<string[]>(),
  /** Column name → DuckDB type, instead of the type that the connector would infer. */
  column_types: json('column_types').$type<Record<string, string>>(),
  folder: text('folder'),
  description: text('description'),
  registered_by: text('registered_by'),
  registered_at: at('registered_at').notNull(),
  updated_at: at('updated_at').notNull(),
});

/** Names that an administrator took out: the source may still publish them, but they do not come back by themselves. */
export const unregisteredTables = pgTable(
  'unregistered_tables',
  {
    source: text('source').notNull(),
    name_key: text('name_key').notNull(),
    unregistered_at: at('unregistered_at').notNull(),
    unregistered_by: text('unregistered_by'),
  },
  (table) => [primaryKey({ columns: [table.source, table.name_key] })],
);

/** What is current, and how the last sync of the table went. */
export const syncState = pgTable('sync_state', {
  table_id: text('table_id').primaryKey(),
  current_version: text('current_version'),
  /** When the table was last really extracted; unchanged by a failed run. */
  last_sync: at('last_sync'),
  /** `ok`, `error` or `never`. */
  status: text('status').notNull(),
  error_code: text('error_code'),
  error: text('error'),
  updated_at: at('updated_at').notNull(),
});

export interface ColumnEntry {
  readonly name: string;
  /** DuckDB type, as `DESCRIBE` prints it. */
  readonly type: string;
  readonly nullable: boolean;
}

export interface PublishWarning {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

export const tableVersions = pgTable('table_versions', {
  id: text('id').primaryKey(),
  table_id: text('table_id').notNull(),
  created_at: at('created_at').notNull(),
  rows: count('rows').notNull(),
  size_bytes: count('size_bytes').notNull(),
  columns: json('columns').$type<ColumnEntry[]>().notNull(),
  warnings: json('warnings').$type<PublishWarning[]>().notNull(),
  job_id: text('job_id'),
  extracted_at: at('extracted_at'),
});

export const tableParts = pgTable(
  'table_parts',
  {
    version_id: text('version_id').notNull(),
    position: count('position').notNull(),
    sha256: text('sha256').notNull(),
    size_bytes: count('size_bytes').notNull(),
    rows: count('rows').notNull(),
    partition: text('partition'),
    /** Which program wrote the bytes, e.g. `duckdb/1.5.6`, or `source` when the source's own file is kept. */
    writer: text('writer').notNull(),
  },
  (table) => [primaryKey({ columns: [table.version_id, table.position] })],
);

/** What a source's file was when it was last published: a file with the same fingerprint is not read again. */
export const publishedFiles = pgTable(
  'published_files',
  {
    source: text('source').notNull(),
    path: text('path').notNull(),
    fingerprint: text('fingerprint').notNull(),
    sha256: text('sha256').notNull(),
    size_bytes: count('size_bytes').notNull(),
    rows: count('rows').notNull(),
  },
  (table) => [primaryKey({ columns: [table.source, table.path] })],
);

export const syncHistory = pgTable('sync_history', {
  id: text('id').primaryKey(),
  table_id: text('table_id').notNull(),
  job_id: text('job_id'),
  synced_at: at('synced_at').notNull(),
  rows: count('rows'),
  duration_ms: count('duration_ms'),
  status: text('status').notNull(),
  error: text('error'),
});

/** The first source to publish a name owns it until it stops publishing it. */
export const viewOwnership = pgTable('view_ownership', {
  view_name: text('view_name').primaryKey(),
  source_name: text('source_name').notNull(),
  registered_at: at('registered_at').notNull(),
});

// Jobs

export const jobs = pgTable('jobs', {
  id: text('id').primaryKey(),
  kind: text('kind').notNull(),
  /** Jobs of one lane run one after another; lanes run side by side. */
  lane: text('lane').notNull(),
  /** `queued`, `running`, `succeeded`, `partial`, `failed` or `cancelled`. */
  status: text('status').notNull(),
  payload: json('payload').$type<unknown>().notNull(),
  idempotency_key: text('idempotency_key'),
  progress: json('progress').$type<unknown>(),
  outcome: json('outcome').$type<unknown>(),
  error: json('error').$type<unknown>(),
  attempts: count('attempts').notNull().default(0),
  /** Grows with every claim; a runner that lost its lease holds an older one and can write no more. */
  fencing_token: count('fencing_token').notNull().default(0),
  lease_owner: text('lease_owner'),
  lease_expires_at: at('lease_expires_at'),
  cancel_requested_at: at('cancel_requested_at'),
  created_at: at('created_at').notNull(),
  created_by: text('created_by'),
  started_at: at('started_at'),
  finished_at: at('finished_at'),
});

export const jobLog = pgTable(
  'job_log',
  {
    job_id: text('job_id').notNull(),
    position: count('position').notNull(),
    at: at('at').notNull(),
    /** `info`, `warning` or `error`. */
    level: text('level').notNull(),
    message: text('message').notNull(),
  },
  (table) => [primaryKey({ columns: [table.job_id, table.position] })],
);

// The server itself

/** Small facts of the installation: `data_version`, `access_version`, `bootstrap`. */
export const settings = pgTable('settings', {
  key: text('key').primaryKey(),
  value: json('value').$type<unknown>().notNull(),
  updated_at: at('updated_at').notNull(),
});

/** The steps of the migration ladder that this database has taken. */
export const schemaMigrations = pgTable('schema_migrations', {
  id: text('id').primaryKey(),
  /** SHA-256 of the step's statements: a step that was released never changes. */
  hash: text('hash').notNull(),
  applied_at: at('applied_at').notNull(),
});
