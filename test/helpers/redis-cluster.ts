import { Redis } from 'ioredis';
import { freePort } from '../../src/embedded/port.js';
import { type Closable, closeAll } from '../../src/lifecycle.js';
import { startRedis, type TestRedis } from './redis.js';
import { until } from './until.js';

/** A Redis Cluster of a test's own: three masters with a replica each. */
export interface TestCluster extends Closable {
  /** Names all nodes, so that whoever starts finds one that answers. */
  readonly url: string;
  /** Kills or freezes the master that holds a key, and waits until its replica has taken over. */
  failOver(key: string, end: 'kill' | 'pause'): Promise<void>;
}

const MASTERS = 3;
const SLOTS = 16_384;

/** After so long without an answer a node counts as failed; a busy machine is not to look like that. */
const NODE_TIMEOUT_MS = 1_500;

interface Node {
  server: TestRedis;
  client: Redis;
  id: string;
}

/** Starts a Redis Cluster and waits until it serves every slot, and each master has its replica. */
export async function startRedisCluster(): Promise<TestCluster> {
  const nodes = await Promise.all(Array.from({ length: 2 * MASTERS }, startNode));
  const [masters, replicas] = [nodes.slice(0, MASTERS), nodes.slice(MASTERS)];
  const first = masters[0] as Node;
  await Promise.all(masters.map(({ client }, index) => assignSlots(client, index)));
  for (const { server, busPort } of nodes) await first.client.cluster('MEET', '127.0.0.1', server.port, busPort);
  await allSay(`cluster_known_nodes:${nodes.length}`, nodes);
  await Promise.all(
    replicas.map(({ client }, index) => client.cluster('REPLICATE', (masters[index] as Node).id as never)),
  );
  await allSay('cluster_state:ok', nodes);
  await until(async () => (await Promise.all(replicas.map(isLinked))).every(Boolean), { what: 'replicas are linked' });

  const gone = new Set<Node>();
  return {
    url: `redis+cluster://${nodes.map(({ server }) => `127.0.0.1:${server.port}`).join(',')}`,
    async failOver(key, end) {
      const slot = await (replicas[0] as Node).client.cluster('KEYSLOT', key as never);
      const index = Math.floor((Number(slot) * MASTERS) / SLOTS);
      const [master, replica] = [masters[index] as Node, replicas[index] as Node];
      await master.server[end]();
      gone.add(master);
      const tookOver = async () => (await replica.client.info('replication')).includes('role:master');
      await until(tookOver, { what: 'the replica took over', timeoutMs: 20_000 });
      const left = nodes.filter((node) => !gone.has(node));
      await allSay('cluster_state:ok', left);
    },
    close: () => closeAll(nodes.flatMap(({ server, client }) => [server, { close: async () => client.disconnect() }])),
  };
}

async function startNode(): Promise<Node & { busPort: number }> {
  // By default 10,000 above the other port, which may be more than there are.
  const busPort = await freePort();
  const server = await startRedis({
    'cluster-enabled': 'yes',
    'cluster-port': `${busPort}`,
    'cluster-node-timeout': `${NODE_TIMEOUT_MS}`,
  });
  const client = new Redis(server.url);
  client.on('error', () => undefined);
  return { server, client, busPort, id: await client.cluster('MYID') };
}

async function assignSlots(client: Redis, index: number): Promise<void> {
  const start = (of: number) => Math.ceil((of * SLOTS) / MASTERS);
  await client.call('CLUSTER', 'SET-CONFIG-EPOCH', `${index + 1}`);
  await client.call('CLUSTER', 'ADDSLOTSRANGE', `${start(index)}`, `${start(index + 1) - 1}`);
}

async function allSay(says: string, nodes: readonly Node[]): Promise<void> {
  const said = async () => {
    const answers = await Promise.all(nodes.map(({ client }) => client.cluster('INFO')));
    return answers.every((answer) => answer.includes(says));
  };
  await until(said, { what: `every node says ${says}`, timeoutMs: 20_000 });
}

const isLinked = async ({ client }: Node) => (await client.info('replication')).includes('master_link_status:up');
