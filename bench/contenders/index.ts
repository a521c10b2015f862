import { botledgerLone, botledgerPacks } from './botledger.js';
import type { Contender } from './contender.js';
import { noop } from './noop.js';
import { obvious } from './obvious.js';

/** Everyone who runs, in the order of the table. */
export const contenders: Record<string, Contender> = { noop, obvious, botledgerLone, botledgerPacks };
