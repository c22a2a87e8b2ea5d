/** A moment as the API writes it. */
export const iso = (at: Date | null): string | null => at?.toISOString() ?? null;
