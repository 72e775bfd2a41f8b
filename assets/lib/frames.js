/** Long work in small pieces: at most a few milliseconds of each animation frame, so that typing never waits. */

const BUDGET_MS = 8;

/** @typedef {(deadline: number) => boolean} Task works until `deadline` and answers whether more is left */

/** @type {Set<Task>} */
const tasks = new Set();
let frame = 0;

/** Lets a task work in the coming frames until it answers `false`. */
export function inFrames(task) {
  tasks.add(task);
  if (!frame) frame = requestAnimationFrame(run);
}

/** Forgets a task. */
export function forget(task) {
  tasks.delete(task);
}

function run() {
  frame = 0;
  const deadline = performance.now() + BUDGET_MS;
  for (const task of tasks) {
    tasks.delete(task);
    if (task(deadline)) tasks.add(task);
    if (performance.now() >= deadline) break;
  }
  if (tasks.size) frame = requestAnimationFrame(run);
}
