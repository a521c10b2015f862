import { isCluster, type RedisClient } from '../redis.js';

/** The oldest that BullMQ recommends. https://docs.bullmq.io/guide/redis-tm-compatibility */
const OLDEST = [6, 2] as const;

/**
 * What is wrong with the set-up of Redis, on every node that can be asked: evicted or lost jobs are lost writes.
 *
 * @returns one line for each problem, with its remedy; none of a Redis that does not let its user read INFO
 */
export async function findRedisProblems(redis: RedisClient): Promise<string[]> {
  const nodes = isCluster(redis) ? redis.nodes('master') : [redis];
  const found = await Promise.all(
    nodes.map(async (node) => problemsOf(`${node.options.host}:${node.options.port}`, await infoOf(node))),
  );
  return found.flat();
}

async function infoOf(redis: Pick<RedisClient, 'info'>): Promise<ReadonlyMap<string, string>> {
  // Some services offer no INFO, and an ACL may forbid it.
  const text = await redis.info().catch(() => '');
  return new Map(
    text.split(/\r?\n/).flatMap((line) => (line.includes(':') ? [line.split(/:(.*)/s) as [string, string]] : [])),
  );
}

function problemsOf(node: string, info: ReadonlyMap<string, string>): string[] {
  const problems: string[] = [];
  const version = info.get('redis_version');
  const policy = info.get('maxmemory_policy');
  if (version !== undefined && isTooOld(version)) {
    problems.push(`${node} is Redis ${version}: install ${OLDEST.join('.')} or newer`);
  }
  if (policy !== undefined && policy !== 'noeviction') {
    problems.push(`${node} evicts jobs (${policy}): set maxmemory-policy noeviction in its redis.conf`);
  }
  if (info.get('aof_enabled') === '0') {
    problems.push(`${node} loses jobs when it restarts: set appendonly yes in its redis.conf`);
  }
  return problems;
}

function isTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
}
