import { commitTimeouts, startCommitWorker } from '../commit/worker.js';
import { keepCompiled } from '../keep-compiled.js';
import { runPart } from './process.js';

/** `botledger commit`: a process that applies units; run as many as you like. */
export const runCommit = () => {
  keepCompiled();
  return runPart('commit', startCommitWorker, { lookupsOnly: true, timeouts: commitTimeouts });
};
