/** How one part of the installation is doing, and whatever else there is to say about it. */
export interface Service {
  readonly status: 'ok' | 'info' | 'unknown' | 'warning' | 'error';
  readonly detail?: string;
  readonly [fact: string]: unknown;
}
