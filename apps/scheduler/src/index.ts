export { type Clock, type ClockOptions, startClock, type Task } from './clock.ts';
export { runScheduler } from './run-scheduler.ts';
export { serverTasks, type TaskSettings } from './tasks.ts';
