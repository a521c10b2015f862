import { Child } from '../child.js';
import type { Places } from './contender.js';

/** A worker process of a contender that is known by this name. */
export const launchWorker = (name: string, places: Places): Child =>
  new Child(new URL('../work.js', import.meta.url), { name, ...places });
