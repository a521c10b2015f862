import { bareLoop1, bareLoop2 } from './bare-loop.js';
import { botledgerLone, botledgerLone2, botledgerPacks, botledgerPacks2 } from './botledger.js';
import type { Contender } from './contender.js';
import { noop } from './noop.js';
import { obvious } from './obvious.js';
import { graphileWorker, pgBoss2, pgBoss4, pgBossTransactional2, pgBossTransactional4 } from './peers.js';
import { statement } from './statement.js';

/** The settings of the peer to beat. */
const pgBosses = { pgBoss2, pgBoss4, pgBossTransactional2, pgBossTransactional4 };

/** Those that need what bench/peers installs. */
export const peers = { ...pgBosses, graphileWorker };

export const pgBossNames = Object.keys(pgBosses);

/** Everyone who runs; those that are compared run one after the other, before the machine can change much. */
export const contenders: Record<string, Contender> = {
  statement,
  obvious,
  botledgerLone,
  noop,
  botledgerPacks,
  bareLoop1,
  ...pgBosses,
  graphileWorker,
  bareLoop2,
  botledgerPacks2,
  botledgerLone2,
};
