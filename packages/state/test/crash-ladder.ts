import { bigint, pgTable, text } from 'drizzle-orm/pg-core';
import { migrations } from '../src/migrations/index.ts';
import type { Migration } from '../src/migrations/migration.ts';
import * as schema from '../src/schema.ts';

const THINGS = 'things (id text PRIMARY KEY, value bigint NOT NULL UNIQUE)';
const things = pgTable('things', {
  id: text('id').primaryKey(),
  value: bigint('value', { mode: 'number' }).notNull().unique(),
});

/** The tables after any number of whole rounds of {@link ladderOf}. */
export const LADDER_TABLES = [...Object.values(schema), things];

/** A ladder that changes one table in every round, in the ways that a migration may, and ends with the shape it began with. */
export function ladderOf(rounds: number): Migration[] {
  const steps = Array.from({ length: rounds }, (_, round) => {
    const id = `9${String(round).padStart(6, '0')}`;
    return [
      {
        id: `${id}-a`,
        statements: [
          `ALTER TABLE things ADD COLUMN note text DEFAULT '${round}'`,
          'CREATE TABLE spare (id text PRIMARY KEY, flag boolean NOT NULL DEFAULT true)',
        ],
      },
      {
        id: `${id}-b`,
        statements: [
          'CREATE TABLE kept AS SELECT id, value FROM things',
          'DROP TABLE things',
          `CREATE TABLE ${THINGS}`,
          'INSERT INTO things SELECT id, value FROM kept',
          'DROP TABLE kept',
          'DROP TABLE spare',
        ],
      },
    ];
  });
  return [...migrations, { id: '8-things', statements: [`CREATE TABLE ${THINGS}`] }, ...steps.flat()];
}
