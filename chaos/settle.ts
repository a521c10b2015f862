import { until } from '../test/helpers/until.js';
import { DRAIN_PATIENCE_MS, watch } from './drain.js';
import type { Fleet } from './fleet.js';
import type { Service } from './service.js';

/** Lets everything come to an end. @returns what did not, as violations */
export async function settle(
  fleet: Fleet,
  producers: readonly Service[],
  say: (line: string) => void,
): Promise<string[]> {
  const problems: string[] = [];
  const expect = (work: Promise<unknown>) => work.catch((error: Error) => void problems.push(error.message));
  say('all faults are over: the producers finish');
  const finish = async (producer: Service) => {
    // Before that, the signal would end it.
    await producer.says('sending');
    producer.signal('SIGUSR2');
    const said = () => producer.output().includes('finished\n');
    await until(said, { timeoutMs: DRAIN_PATIENCE_MS, what: `${producer.name} has everything acknowledged` });
    if (producer.exits > 0)
      problems.push(`${producer.name} ended by itself ${producer.exits} times: ${producer.output().slice(-500)}`);
  };
  await Promise.all(producers.map((producer) => expect(finish(producer))));
  say('everything is acknowledged: the queues drain');
  const left = watch(fleet, say);
  await expect(left.drained());
  await left.close();
  const ready = async () => (await fetch(`${fleet.apiUrl}/readyz`)).ok;
  await expect(until(ready, { timeoutMs: 20_000, what: 'the API is ready' }));
  return problems;
}
