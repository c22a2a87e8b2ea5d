interface Via {
  readonly group_name: string;
  readonly policy: { readonly filters_rows: boolean; readonly masked_columns: readonly string[] } | null;
}

/** Through which groups somebody has something, and what each of them takes away. */
export function viaText(groups: readonly Via[]): string {
  return groups
    .map(({ group_name, policy }) => `${group_name}${policy === null ? '' : ` (${limits(policy)})`}`)
    .join(', ');
}

function limits({ filters_rows, masked_columns }: NonNullable<Via['policy']>): string {
  const masked = masked_columns.length === 0 ? [] : [`without ${masked_columns.join(' and ')}`];
  return [...(filters_rows ? ['some rows'] : []), ...masked].join(', ') || 'a policy that takes nothing away';
}
