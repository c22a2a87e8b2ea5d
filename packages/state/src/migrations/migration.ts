/**
 * One step of the ladder. A released step never changes. Statements are what both engines do alike: CREATE TABLE, ADD COLUMN
 * (nullable, or with a literal default), SET NOT NULL, CREATE UNIQUE INDEX, or the rebuild of a table; never a default that
 * is an expression, foreign keys or secondary indexes. DuckDB takes no second change of a table after an ADD COLUMN with a
 * default in one transaction: what follows is a step of its own (docs/decisions/0001-state-engine.md).
 */
export interface Migration {
  /** Sorts after the step before: `0002-what-it-does`. */
  readonly id: string;
  readonly statements: readonly string[];
}
