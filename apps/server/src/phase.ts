/** Whether the server takes requests. */
export interface Phase {
  current: 'starting' | 'ready' | 'stopping';
}
