import { formatTable, oneLine } from '../output/table.ts';
import { formatTime } from '../output/units.ts';
import type { AuditEntry } from './pages.ts';

const COLUMNS = ['TIME', 'WHO', 'ACTION', 'RESULT', 'FROM', 'RESOURCE', 'DETAILS'].map((title) => ({ title }));
const DETAILS_MOST = 120;

/** Entries as a table. */
export function auditTable(entries: readonly AuditEntry[]): string {
  return formatTable(COLUMNS, entries.map(cells));
}

/** One entry as a line. */
export const auditLine = (entry: AuditEntry): string => cells(entry).map(oneLine).join('  ');

function cells(entry: AuditEntry): string[] {
  const details = entry.params === null ? '' : JSON.stringify(entry.params);
  return [
    formatTime(entry.timestamp),
    entry.user_email ?? entry.user_id ?? '-',
    entry.action,
    entry.result ?? '-',
    entry.ip ?? '-',
    entry.resource ?? '-',
    details.length > DETAILS_MOST ? `${details.slice(0, DETAILS_MOST)}…` : details,
  ];
}
