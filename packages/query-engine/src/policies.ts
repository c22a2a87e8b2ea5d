import { rm } from 'node:fs/promises';
import { AgnesError, isAgnesError } from '@agnes/errors';
import type { Access, CallerAttributes, PolicyRules, PolicyValidator } from '@agnes/rbac';
import type { TablePolicy } from './policy-source.ts';
import type { WorkerTable } from './protocol.ts';
import { newResultPath } from './result-file.ts';
import { sliceCommand } from './slice-command.ts';
import { isPolicyFault } from './slices.ts';
import type { WorkerPool } from './worker-pool.ts';

export interface PolicyTrialsOptions {
  /** Workers that no caller's SQL ever runs in. */
  readonly pool: WorkerPool;
  /** For what a trial writes; it is removed again. */
  readonly folder: string;
  readonly deadlineMs: number;
  /** The table as it is now; undefined while nothing is published. */
  readonly tableOf: (tableId: string) => Promise<WorkerTable | undefined>;
  readonly recordFailure: Access['recordPolicyFailure'];
}

/** Tries policies on the data that they are for. */
export interface PolicyTrials {
  /** For `access.setPolicyValidator`. Throws `invalid_policy`. */
  readonly validate: PolicyValidator;
  /** Records for administrators which policies of those that failed together fail on their own. */
  failed(policy: TablePolicy, table: WorkerTable): Promise<void>;
}

/** Somebody who is in no group: an expression must hold for everybody, whoever they are. */
const NOBODY = { user_id: 'user_trial', email: 'trial@example.com', groups: [] };

export function createPolicyTrials(options: PolicyTrialsOptions): PolicyTrials {
  const { pool, folder, deadlineMs, tableOf, recordFailure } = options;

  /** Throws what is wrong with the rules, in words that hold no value of a row. */
  const attempt = async (table: WorkerTable, rules: PolicyRules, caller: CallerAttributes): Promise<void> => {
    const path = newResultPath(folder, 'parquet');
    const command = sliceCommand(table, [rules], caller, path);
    try {
      await pool.use(({ ask }) => ask(command, 'written'), { deadlineMs });
    } finally {
      await rm(path, { force: true });
    }
  };

  return {
    async validate(named, rules) {
      const table = await tableOf(named.id);
      if (table === undefined) {
        throw invalid(
          `'${named.name}' has no data yet, so nothing is known of its columns.`,
          `agnes admin sync ${named.name}`,
        );
      }
      const names = new Set(table.columns.map(({ name }) => name.toLowerCase()));
      const stranger = Object.keys(rules.column_masks).find((column) => !names.has(column.toLowerCase()));
      if (stranger !== undefined) {
        throw invalid(`'${named.name}' has no column '${stranger}'.`, `See its columns: agnes schema ${named.name}`);
      }
      try {
        await attempt(table, rules, NOBODY);
      } catch (error) {
        if (!isAgnesError(error) || !isPolicyFault(error)) throw error;
        throw invalid(error.message, error.hint, error);
      }
    },
    async failed(policy, table) {
      for (const { policy_id, row_filter, column_masks } of policy.branches) {
        try {
          await attempt(table, { row_filter, column_masks }, policy.caller);
        } catch (error) {
          if (!isAgnesError(error) || !isPolicyFault(error)) throw error;
          await recordFailure(policy_id, `On the data of '${table.name}': ${error.message}`);
        }
      }
    },
  };
}

function invalid(message: string, hint: string | undefined, cause?: unknown): AgnesError {
  return new AgnesError('invalid_policy', message, { ...(hint === undefined ? {} : { hint }), cause });
}
