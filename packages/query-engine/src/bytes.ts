const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 1024,
  MIB: 1024 ** 2,
  GIB: 1024 ** 3,
  TIB: 1024 ** 4,
};

/** Bytes of a size as DuckDB writes it: `512MB`, `1.5 GiB`. */
export function bytesOf(size: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([KMGT]?i?B)$/i.exec(size.trim());
  const unit = UNITS[match?.[2]?.toUpperCase() ?? ''];
  if (match === null || unit === undefined) throw new Error(`${JSON.stringify(size)} is no size such as 512MB.`);
  return Math.round(Number(match[1]) * unit);
}
