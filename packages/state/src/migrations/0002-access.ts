import type { Migration } from './migration.ts';

/** Sign-in by other ways than a password, limits and quotas that survive a restart, policies, and a fuller audit log. */
export const access: Migration = {
  id: '0002-access',
  statements: [
    `ALTER TABLE access_tokens ADD COLUMN auth_method text`,
    `ALTER TABLE access_tokens ADD COLUMN created_ip text`,
    `ALTER TABLE access_tokens ADD COLUMN user_agent text`,
    `ALTER TABLE audit_log ADD COLUMN ip text`,
    `ALTER TABLE audit_log ADD COLUMN credential_id text`,
    `ALTER TABLE audit_log ADD COLUMN duration_ms bigint`,
    `CREATE TABLE attempts (
      "key" text PRIMARY KEY,
      "count" bigint NOT NULL,
      window_ends_at timestamptz NOT NULL
    )`,
    `CREATE TABLE device_logins (
      id text PRIMARY KEY,
      device_code_hash text NOT NULL UNIQUE,
      user_code_hash text NOT NULL UNIQUE,
      client_name text NOT NULL,
      status text NOT NULL,
      user_id text,
      created_ip text,
      created_at timestamptz NOT NULL,
      expires_at timestamptz NOT NULL
    )`,
    `CREATE TABLE oidc_logins (
      state_hash text PRIMARY KEY,
      provider text NOT NULL,
      browser_hash text NOT NULL,
      nonce text NOT NULL,
      code_verifier text NOT NULL,
      next_path text NOT NULL,
      expires_at timestamptz NOT NULL
    )`,
    `CREATE TABLE one_time_tokens (
      id text PRIMARY KEY,
      user_id text NOT NULL,
      purpose text NOT NULL,
      token_hash text NOT NULL UNIQUE,
      created_at timestamptz NOT NULL,
      created_by text,
      expires_at timestamptz NOT NULL,
      consumed_at timestamptz
    )`,
    `CREATE TABLE query_usage (
      user_id text NOT NULL,
      day text NOT NULL,
      queries bigint NOT NULL,
      bytes bigint NOT NULL,
      PRIMARY KEY (user_id, day)
    )`,
    `CREATE TABLE table_policies (
      id text PRIMARY KEY,
      table_id text NOT NULL,
      group_id text NOT NULL,
      row_filter text,
      column_masks json,
      created_at timestamptz NOT NULL,
      created_by text,
      updated_at timestamptz NOT NULL,
      updated_by text,
      error text,
      error_at timestamptz,
      UNIQUE (table_id, group_id)
    )`,
    `CREATE TABLE token_addresses (
      token_id text NOT NULL,
      ip text NOT NULL,
      first_used_at timestamptz NOT NULL,
      PRIMARY KEY (token_id, ip)
    )`,
    `CREATE TABLE user_identities (
      provider text NOT NULL,
      subject text NOT NULL,
      user_id text NOT NULL,
      email text NOT NULL,
      created_at timestamptz NOT NULL,
      last_used_at timestamptz NOT NULL,
      PRIMARY KEY (provider, subject)
    )`,
  ],
};
