// The other side of `cli-query`: what DuckDB itself costs a process that selects 1.
import { DuckDBInstance } from '@duckdb/node-api';

const connection = await (await DuckDBInstance.create(':memory:')).connect();
const reader = await connection.runAndReadAll('select 1');
process.stdout.write(`${JSON.stringify(reader.getRowsJson())}\n`);
