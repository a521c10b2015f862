import { bareLoop1, bareLoop2 } from './bare-loop.js';
import { botledgerLone, botledgerLone2, botledgerPacks, botledgerPacks2 } from './botledger.js';
import type { Contender } from './contender.js';
import { noop } from './noop.js';
import { obvious } from './obvious.js';
import { graphileWorker, pgBoss2, pgBoss4, pgBossTransactional2, pgBossTransactional4 } from './peers.js';
import { statement } from './statement.js';

/** Those that need what bench/peers installs. */
export const peers = { graphileWorker, pgBoss2, pgBoss4, pgBossTransactional2, pgBossTransactional4 };

/** The settings of the peer to beat. */
export const pgBossNames = ['pgBoss2', 'pgBoss4', 'pgBossTransactional2', 'pgBossTransactional4'];

/** Everyone who runs, in the order of the table. */
export const contenders: Record<string, Contender> = {
  bareLoop1,
  bareLoop2,
  noop,
  obvious,
  statement,
  ...peers,
  botledgerLone,
  botledgerLone2,
  botledgerPacks,
  botledgerPacks2,
};
