import type { Migration } from './migration.ts';

export const initial: Migration = {
  id: '0001-initial',
  statements: [
    `CREATE TABLE access_tokens (
      id text PRIMARY KEY,
      user_id text NOT NULL,
      kind text NOT NULL,
      name text NOT NULL,
      token_hash text NOT NULL UNIQUE,
      prefix text NOT NULL,
      scope text NOT NULL DEFAULT 'general',
      created_at timestamptz NOT NULL,
      expires_at timestamptz,
      last_used_at timestamptz,
      last_used_ip text,
      revoked_at timestamptz
    )`,
    `CREATE TABLE audit_log (
      id text PRIMARY KEY,
      "timestamp" timestamptz NOT NULL,
      user_id text,
      action text NOT NULL,
      resource text,
      params json,
      result text
    )`,
    `CREATE TABLE job_log (
      job_id text NOT NULL,
      "position" bigint NOT NULL,
      "at" timestamptz NOT NULL,
      level text NOT NULL,
      message text NOT NULL,
      PRIMARY KEY (job_id, "position")
    )`,
    `CREATE TABLE jobs (
      id text PRIMARY KEY,
      kind text NOT NULL,
      lane text NOT NULL,
      status text NOT NULL,
      payload json NOT NULL,
      idempotency_key text,
      progress json,
      outcome json,
      error json,
      attempts bigint NOT NULL DEFAULT 0,
      fencing_token bigint NOT NULL DEFAULT 0,
      lease_owner text,
      lease_expires_at timestamptz,
      cancel_requested_at timestamptz,
      created_at timestamptz NOT NULL,
      created_by text,
      started_at timestamptz,
      finished_at timestamptz
    )`,
    `CREATE TABLE published_files (
      source text NOT NULL,
      path text NOT NULL,
      fingerprint text NOT NULL,
      sha256 text NOT NULL,
      size_bytes bigint NOT NULL,
      rows bigint NOT NULL,
      PRIMARY KEY (source, path)
    )`,
    `CREATE TABLE resource_grants (
      id text PRIMARY KEY,
      group_id text NOT NULL,
      resource_type text NOT NULL,
      resource_id text NOT NULL,
      assigned_at timestamptz NOT NULL,
      assigned_by text,
      UNIQUE (group_id, resource_type, resource_id)
    )`,
    `CREATE TABLE settings (
      key text PRIMARY KEY,
      value json NOT NULL,
      updated_at timestamptz NOT NULL
    )`,
    `CREATE TABLE sync_history (
      id text PRIMARY KEY,
      table_id text NOT NULL,
      job_id text,
      synced_at timestamptz NOT NULL,
      rows bigint,
      duration_ms bigint,
      status text NOT NULL,
      error text
    )`,
    `CREATE TABLE sync_state (
      table_id text PRIMARY KEY,
      current_version text,
      last_sync timestamptz,
      status text NOT NULL,
      error_code text,
      error text,
      updated_at timestamptz NOT NULL
    )`,
    `CREATE TABLE table_parts (
      version_id text NOT NULL,
      "position" bigint NOT NULL,
      sha256 text NOT NULL,
      size_bytes bigint NOT NULL,
      rows bigint NOT NULL,
      "partition" text,
      writer text NOT NULL,
      PRIMARY KEY (version_id, "position")
    )`,
    `CREATE TABLE table_registry (
      id text PRIMARY KEY,
      name text NOT NULL UNIQUE,
      name_key text NOT NULL UNIQUE,
      source text NOT NULL,
      source_type text NOT NULL,
      bucket text,
      source_table text,
      source_query text,
      query_mode text NOT NULL DEFAULT 'local',
      sync_strategy text NOT NULL DEFAULT 'full_refresh',
      sync_schedule text,
      primary_key json,
      column_types json,
      folder text,
      description text,
      registered_by text,
      registered_at timestamptz NOT NULL,
      updated_at timestamptz NOT NULL
    )`,
    `CREATE TABLE table_versions (
      id text PRIMARY KEY,
      table_id text NOT NULL,
      created_at timestamptz NOT NULL,
      rows bigint NOT NULL,
      size_bytes bigint NOT NULL,
      "columns" json NOT NULL,
      warnings json NOT NULL,
      job_id text,
      extracted_at timestamptz
    )`,
    `CREATE TABLE unregistered_tables (
      source text NOT NULL,
      name_key text NOT NULL,
      unregistered_at timestamptz NOT NULL,
      unregistered_by text,
      PRIMARY KEY (source, name_key)
    )`,
    `CREATE TABLE user_group_members (
      user_id text NOT NULL,
      group_id text NOT NULL,
      source text NOT NULL,
      added_at timestamptz NOT NULL,
      added_by text,
      PRIMARY KEY (user_id, group_id, source)
    )`,
    `CREATE TABLE user_groups (
      id text PRIMARY KEY,
      name text NOT NULL UNIQUE,
      description text,
      is_system boolean NOT NULL DEFAULT false,
      created_at timestamptz NOT NULL,
      created_by text
    )`,
    `CREATE TABLE users (
      id text PRIMARY KEY,
      email text NOT NULL UNIQUE,
      name text,
      password_hash text,
      active boolean NOT NULL DEFAULT true,
      deactivated_at timestamptz,
      deactivated_by text,
      created_at timestamptz NOT NULL,
      updated_at timestamptz NOT NULL
    )`,
    `CREATE TABLE view_ownership (
      view_name text PRIMARY KEY,
      source_name text NOT NULL,
      registered_at timestamptz NOT NULL
    )`,
  ],
};
