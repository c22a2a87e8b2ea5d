type NodeApi = typeof import('@duckdb/node-api');

let loading: Promise<NodeApi> | undefined;

/** DuckDB itself, loaded on first use: it costs 60-120 ms, which a command that runs no SQL must not pay. */
export function loadNodeApi(): Promise<NodeApi> {
  loading ??= import('@duckdb/node-api');
  return loading;
}

export type { NodeApi };

/** The version of the engine, for example `1.5.6`. */
export async function duckdbVersion(): Promise<string> {
  const api = await loadNodeApi();
  return api.version().replace(/^v/, '');
}
