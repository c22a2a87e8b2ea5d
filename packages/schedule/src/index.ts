export { formatSchedule, isDue, nextDue, parseSchedule, type Schedule } from './schedule.ts';
