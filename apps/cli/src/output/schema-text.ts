import { formatTable } from './table.ts';

export interface SchemaDocument {
  readonly name: string;
  readonly sql_flavor: string;
  readonly columns: readonly { name: string; type: string; nullable: boolean; description: string }[];
  readonly partition_by: string | null;
  readonly clustered_by: readonly string[];
}

/** A table's columns for people. */
export function schemaText(schema: SchemaDocument): string {
  const titles = ['COLUMN', 'TYPE', 'NULL', 'DESCRIPTION'].map((title) => ({ title }));
  const rows = schema.columns.map(({ name, type, nullable, description }) => [
    name,
    type,
    nullable ? 'yes' : 'no',
    description,
  ]);
  return [
    `${schema.name} (${schema.sql_flavor} SQL)`,
    ...(schema.partition_by === null ? [] : [`Partitioned by: ${schema.partition_by}`]),
    ...(schema.clustered_by.length === 0 ? [] : [`Clustered by: ${schema.clustered_by.join(', ')}`]),
    formatTable(titles, rows),
  ].join('\n');
}
