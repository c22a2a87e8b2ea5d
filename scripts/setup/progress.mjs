// One line a phase on stderr: its name when it starts, its seconds when it ends.

/** Runs `work`, and says on stderr what it is called and how long it took. Passes its result or its error through. */
export async function phase(name, work) {
  const start = performance.now();
  process.stderr.write(`${name} … `);
  try {
    const result = await work();
    process.stderr.write(`${seconds(start)}\n`);
    return result;
  } catch (error) {
    process.stderr.write(`failed after ${seconds(start)}\n`);
    throw error;
  }
}

function seconds(start) {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`;
}
