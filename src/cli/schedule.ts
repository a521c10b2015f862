import { startSchedule } from '../schedule/worker.js';
import { runPart } from './process.js';

/** `botledger schedule`: a process that runs the scheduled jobs; a second one stands by. */
export const runSchedule = () => runPart('schedule', startSchedule);
