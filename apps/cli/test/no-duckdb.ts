/** A value for `node --import` that makes loading DuckDB an error. */
export const noDuckDb = `data:text/javascript,${encodeURIComponent(`
import { registerHooks } from 'node:module';
registerHooks({ resolve(specifier, context, next) {
  if (specifier.includes('duckdb')) throw new Error('DuckDB was loaded: ' + specifier);
  return next(specifier, context);
} });`)}`;
