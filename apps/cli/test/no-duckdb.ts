const hook = `
import { registerHooks } from 'node:module';
registerHooks({ resolve(specifier, context, next) {
  if (specifier.includes('duckdb')) throw new Error('DuckDB was loaded: ' + specifier);
  return next(specifier, context);
} });`;

/** An environment in which loading DuckDB is an error. */
export const withoutDuckDb = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hook)}` };
