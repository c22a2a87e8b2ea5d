/**
 * What all of them give. Throws what one of them threw, but only when every one has ended: a connector or a publish must
 * not go on behind a job that is over.
 */
export async function allEnded<T>(work: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
