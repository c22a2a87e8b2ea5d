/**
 * Every error code of Agnes, in one table: the HTTP status an API answers with, the exit code the CLI ends with, and one
 * sentence on what it means. The docs page `docs/specs/errors.md` is generated from this table.
 *
 * Exit codes follow the CLI's contract: 1 generic, 2 usage or bad input, 3 quota, 5 server failure, 6 name taken,
 * 7 not signed in or server unreachable, 8 forbidden or unknown table.
 */
export interface CodeEntry {
  readonly status: number;
  readonly exit: number;
  readonly meaning: string;
}

const entry = (status: number, exit: number, meaning: string): CodeEntry => ({ status, exit, meaning });

export const ERROR_CODES = {
  // Requests
  invalid_request: entry(422, 2, 'The request does not have the shape that the operation declares.'),
  malformed_request: entry(400, 2, 'The request cannot be read: bad JSON, bad encoding or a bad header.'),
  payload_too_large: entry(413, 2, 'The request body is larger than the server accepts.'),
  not_found: entry(404, 2, 'There is nothing at this path.'),
  method_not_allowed: entry(405, 2, 'The path exists, but not for this HTTP method.'),
  range_not_satisfiable: entry(416, 1, 'The byte range lies outside the file.'),
  too_many_requests: entry(429, 3, 'Too many requests in a short time.'),
  internal_error: entry(500, 5, 'The server failed in a way it did not expect; its log has the request id.'),
  unavailable: entry(503, 5, 'The server is starting, stopping or busy.'),

  // Who is calling
  unauthenticated: entry(401, 7, 'No credentials were sent.'),
  invalid_credentials: entry(401, 7, 'The credentials are wrong, expired or revoked.'),
  account_deactivated: entry(401, 7, 'The account is deactivated.'),
  forbidden: entry(403, 8, 'The caller may not do this.'),
  session_required: entry(403, 8, 'Only a signed-in session may do this; an access token may not.'),
  bootstrap_closed: entry(403, 8, 'The first administrator exists already.'),
  scope_refused: entry(403, 8, 'The scope of the access token does not admit this.'),
  csrf_refused: entry(403, 8, 'The request does not prove that it comes from a page of this server.'),
  session_not_found: entry(404, 2, 'No such session.'),
  authorization_pending: entry(400, 7, 'Nobody has approved the device login yet.'),
  slow_down: entry(429, 3, 'The device login is asked for more often than its interval allows.'),
  device_login_denied: entry(403, 7, 'The device login was turned away.'),
  device_login_expired: entry(400, 7, 'The device login is unknown, expired or used.'),
  device_code_unknown: entry(404, 2, 'No device waits with this code.'),
  weak_password: entry(422, 2, 'The password does not meet the rules.'),
  sign_in_unavailable: entry(404, 7, 'This way of signing in is not switched on.'),
  sign_in_refused: entry(403, 8, 'The identity provider, or what it says of the person, does not let them in.'),
  sso_account: entry(409, 2, 'The account signs in through an identity provider, so it gets no password here.'),

  // People, groups, grants
  user_not_found: entry(404, 2, 'No such user.'),
  user_exists: entry(409, 6, 'A user with this e-mail address exists.'),
  group_not_found: entry(404, 2, 'No such group.'),
  group_exists: entry(409, 6, 'A group with this name exists.'),
  system_group: entry(409, 2, 'System groups cannot be renamed or deleted.'),
  member_exists: entry(409, 6, 'The user is already a member of the group.'),
  member_not_found: entry(404, 2, 'The user is not a member of the group.'),
  grant_exists: entry(409, 6, 'The grant exists.'),
  grant_not_found: entry(404, 2, 'No such grant.'),
  unknown_resource_type: entry(400, 2, 'No such resource type.'),
  google_managed_readonly: entry(409, 2, 'A directory says who is in this group; nobody else may change it.'),
  policy_exists: entry(409, 6, 'The group has a policy on this table already.'),
  policy_not_found: entry(404, 2, 'No such policy.'),
  invalid_policy: entry(422, 2, 'The row filter or a column mask of the policy cannot be used.'),
  view_as_refused: entry(403, 8, 'Nobody may look as somebody else here, or not with these credentials.'),
  last_admin: entry(409, 2, 'This would leave nobody who can administer the server.'),
  own_account: entry(409, 2, 'Nobody may deactivate or delete their own account.'),
  token_not_found: entry(404, 2, 'No such access token.'),
  too_many_tokens: entry(409, 2, 'The person has as many access tokens as one may have.'),

  // Tables
  table_not_found: entry(404, 8, 'The table does not exist, or is not granted to the caller.'),
  table_exists: entry(409, 6, 'A table with this name or id exists.'),
  invalid_table_name: entry(422, 2, 'The name cannot be a table name.'),
  table_not_published: entry(409, 8, 'The table is registered but has no data yet.'),
  table_remote: entry(409, 8, 'The table stays in its warehouse, which this server cannot query.'),
  table_server_only: entry(
    403,
    8,
    'The table does not leave the server as files for this caller; it can be queried there.',
  ),
  policy_failed: entry(403, 8, 'A policy on the table fails on its data, so nothing of the table is shown.'),
  blob_not_found: entry(404, 8, 'No such file, or it is not granted to the caller.'),

  // Extracts, connectors, publish
  invalid_identifier: entry(422, 2, 'The text is not a valid identifier.'),
  extract_missing: entry(404, 1, 'The source has no extract.duckdb.'),
  extract_invalid: entry(422, 1, 'The extract does not follow the extract contract.'),
  extract_unreadable: entry(422, 1, 'The extract cannot be opened.'),
  publish_refused: entry(
    422,
    1,
    'The table cannot be published without losing or inventing data, or reaches outside its source.',
  ),
  publish_failed: entry(500, 1, 'Publishing failed; readers keep the last good version.'),
  connector_unknown: entry(422, 2, 'No connector for this source type is installed.'),
  connector_failed: entry(500, 1, 'The connector ended with an error.'),
  connector_protocol: entry(500, 1, 'The connector wrote something that is not part of the connector protocol.'),
  connector_timeout: entry(500, 1, 'The connector did not finish in time.'),
  source_file_not_found: entry(422, 2, 'No file matches.'),
  source_file_invalid: entry(422, 2, 'A file cannot be read as what it claims to be.'),
  source_file_changed: entry(422, 2, 'A file changed while it was read.'),
  source_path_refused: entry(422, 2, 'The path lies outside the folders that the server may read.'),
  invalid_schedule: entry(422, 2, 'The schedule is not in the schedule grammar.'),

  // Jobs
  job_not_found: entry(404, 2, 'No such job.'),
  job_lost: entry(500, 1, 'The process that ran the job ended before the job did.'),
  job_cancelled: entry(409, 1, 'The job was cancelled.'),
  sync_already_in_progress: entry(409, 1, 'A sync is already running.'),

  // Storage
  blob_corrupt: entry(500, 5, 'A stored file no longer matches its hash.'),
  audit_unavailable: entry(503, 5, 'The audit log cannot be written, so what it must record is refused.'),
  storage_failed: entry(500, 5, 'The disk under the data folder reports an error, or refuses the server access.'),
  storage_full: entry(507, 5, 'The disk is full.'),
  state_locked: entry(503, 5, 'Another process holds the state database.'),
  state_corrupt: entry(500, 5, 'The state database cannot be opened.'),
  state_migration_failed: entry(500, 5, 'A migration of the state database failed.'),
  invalid_config: entry(500, 2, 'The configuration cannot be used.'),
  query_failed: entry(400, 1, 'The query failed.'),
  result_too_large: entry(422, 3, 'The result is larger than one may be.'),
  daily_byte_cap_exceeded: entry(429, 3, 'The results of the day are as large as a person may have.'),
  concurrent_slot_exceeded: entry(429, 3, 'Too many queries of one person run or wait.'),
  query_timeout: entry(504, 5, 'The query took longer than it may.'),

  // SQL: what the query gateway refuses before anything runs
  sql_syntax: entry(400, 2, 'The statement cannot be parsed.'),
  sql_not_allowed: entry(400, 2, 'The statement does something that a query may not; only one SELECT may run.'),
  sql_function_not_allowed: entry(
    400,
    2,
    'The statement calls a function that does not exist or that a query may not call.',
  ),
  sql_unknown_table: entry(404, 8, 'The statement names a table that does not exist, or is not granted to the caller.'),
  sql_unknown_column: entry(400, 2, 'The statement names a column that its tables do not have.'),
  sql_invalid: entry(400, 2, 'The statement parses, but its parts do not fit together.'),
  sql_too_large: entry(413, 2, 'The statement is too long or too deeply nested, or makes too many columns.'),

  // Laptop
  server_unreachable: entry(0, 7, 'The server did not answer.'),
  server_error: entry(0, 5, 'The server answered with an error that this client does not know.'),
  not_signed_in: entry(0, 7, 'There is no token for the server on this laptop.'),
  no_workspace: entry(0, 1, 'This folder is not an Agnes workspace.'),
  workspace_exists: entry(0, 6, 'This folder already is an Agnes workspace.'),
  workspace_busy: entry(0, 1, 'Another process is working in this workspace.'),
  download_corrupt: entry(0, 1, 'A downloaded file does not match its hash.'),
  download_incomplete: entry(0, 1, 'A download ended early.'),
  pull_incomplete: entry(0, 1, 'Some tables could not be pulled; the workspace keeps what it had.'),
  sync_incomplete: entry(0, 1, 'A sync did not bring every table; readers keep the last good version of the others.'),
  local_database_unreadable: entry(0, 1, 'The local database of the workspace cannot be opened.'),
  table_unreadable: entry(0, 1, 'The files of a table arrived whole, but cannot be read as a table on this laptop.'),
  store_references_unreadable: entry(0, 1, 'It cannot be told which downloaded files a workspace needs.'),
  path_not_writable: entry(0, 1, 'A file or folder on this laptop cannot be used.'),
  working_folder_gone: entry(0, 1, 'The current folder was deleted or moved while a shell was still in it.'),
  no_home_folder: entry(0, 1, 'The person who runs the command has no home folder, and no other place is named.'),
  diagnose_failed: entry(0, 1, 'Something on this laptop or between it and the server is broken.'),
  usage: entry(0, 2, 'The command was used wrongly.'),
  internal_cli_error: entry(0, 1, 'The CLI failed in a way it did not expect.'),
} as const satisfies Record<string, CodeEntry>;

/** A code from {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** Whether a text from outside (a problem document, a child process) is a code this build knows. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_CODES, text);
}
