const MICROS_PER_DAY = 86_400_000_000n;
const INFINITE_DAYS = 2_147_483_647;
const INFINITE_TICKS = 2n ** 63n - 1n;

/** `YYYY-MM-DD` of a day counted from 1970-01-01. Years outside 0-9999 take ISO 8601's sign and six digits. */
export function isoDate(days: number): string {
  if (days === INFINITE_DAYS) return 'infinity';
  if (days === -INFINITE_DAYS) return '-infinity';
  // Howard Hinnant's civil_from_days (https://howardhinnant.github.io/date_algorithms.html): Date ends before DuckDB does.
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1;
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return `${isoYear(year)}-${pad(month, 2)}-${pad(day, 2)}`;
}

/** `HH:MM:SS[.f…]` of a time of day counted in `1 / perSecond` seconds. */
export function isoTime(ticks: bigint, perSecond: bigint): string {
  const seconds = Number(ticks / perSecond);
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const digits = String(perSecond).length - 1;
  const fraction = pad(Number(ticks % perSecond), digits).replace(/0+$/, '');
  return `${clock.map((part) => pad(part, 2)).join(':')}${fraction === '' ? '' : `.${fraction}`}`;
}

/** `YYYY-MM-DDTHH:MM:SS[.f…]` of an instant counted from 1970 in `1 / perSecond` seconds, or `infinity` / `-infinity`. */
export function isoTimestamp(ticks: bigint, perSecond: bigint): string {
  if (ticks === INFINITE_TICKS) return 'infinity';
  if (ticks === -INFINITE_TICKS) return '-infinity';
  const perDay = (MICROS_PER_DAY * perSecond) / 1_000_000n;
  const rest = ((ticks % perDay) + perDay) % perDay;
  return `${isoDate(Number((ticks - rest) / perDay))}T${isoTime(rest, perSecond)}`;
}

/** `+HH:MM[:SS]` of an offset in seconds. */
export function isoOffset(seconds: number): string {
  const size = Math.abs(seconds);
  const parts = [Math.floor(size / 3600), Math.floor(size / 60) % 60, ...(size % 60 === 0 ? [] : [size % 60])];
  return `${seconds < 0 ? '-' : '+'}${parts.map((part) => pad(part, 2)).join(':')}`;
}

function isoYear(year: number): string {
  if (year >= 0 && year <= 9999) return pad(year, 4);
  return `${year < 0 ? '-' : '+'}${pad(Math.abs(year), 6)}`;
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, '0');
}
