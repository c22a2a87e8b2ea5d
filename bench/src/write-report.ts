import { writeFile } from 'node:fs/promises';
import type { Bar } from './bar.ts';
import type { Host } from './host.ts';
import type { Result } from './run-bars.ts';
import { cellsOf, HEADINGS, remarks } from './text.ts';

export interface Run {
  readonly date: string;
  readonly command: string;
  readonly host: Host;
  readonly results: readonly Result[];
}

/** Writes BENCHMARKS.md: figures, host, command, and what each bar measures. */
export async function writeReport(path: string, bars: readonly Bar[], run: Run): Promise<void> {
  await writeFile(path, reportText(bars, run));
}

export function reportText(bars: readonly Bar[], { date, command, host, results }: Run): string {
  const missed = results.filter(({ met }) => met === false).length;
  const sections = bars.map(
    ({ name, scenario, ours, other, rounds }) =>
      `### ${name}\n\n${scenario}\n\n- Ours: ${ours}\n- The other side: ${other}\n- Rounds: ${rounds}\n`,
  );
  return `# Benchmarks

Written by \`${command}\` on ${date}; do not edit. Every figure is the median of several rounds of both sides, measured turn by
turn inside one run on one machine, at two sizes ten times apart. Look at the ratios; the figures beside them depend on the
machine. A bar that is missed says so: ${missed} of these ${results.length} lines do.

${markdownTable([[...HEADINGS], ...results.map(cellsOf)])}
${remarks(results)
  .map((remark) => `- ${remark}\n`)
  .join('')}
## Host

${host.cores} × ${host.cpu}, ${host.memory_gib} GiB, ${host.system}, Node ${host.node}, DuckDB ${host.duckdb}. Client and server
share these cores. Load over the minute before the run: ${host.load_before}.

## What is measured

${sections.join('\n')}`;
}

function markdownTable(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows.map((row) => `| ${row.join(' | ')} |\n`);
  const rule = `|${HEADINGS.map(() => ' --- |').join('')}\n`;
  return [head, rule, ...body].join('');
}
