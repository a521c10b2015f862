import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { FaultsResult } from '../../chaos/faults.js';
import { faultKinds } from '../../chaos/plan.js';

const running: ChildProcess[] = [];

/** Runs `npm run chaos` as it is built. */
async function chaos(...args: string[]): Promise<{ code: number; output: string; errors: string }> {
  const file = fileURLToPath(new URL('../../chaos/main.js', import.meta.url));
  const child = spawn(process.execPath, ['--enable-source-maps', file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  running.push(child);
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code: code as number, output, errors };
}

describe('Chaos', () => {
  afterEach(async () => {
    // On a signal it ends what it has started. After a kill it could not.
    for (const child of running.splice(0)) {
      if (child.exitCode === null && child.kill('SIGTERM')) await once(child, 'exit');
    }
  });

  it('ten seconds with every kind of fault leave everything exact', async function () {
    this.timeout(240_000);
    const { code, output, errors } = await chaos('--seconds', '10', '--seed', '11', '--json');
    expect(code, errors).to.equal(0);
    const result = JSON.parse(output) as FaultsResult;
    expect(result.violations).to.deep.equal([]);
    expect(result.faults).to.have.keys(Object.keys(faultKinds));
    expect(result.acknowledged).to.be.above(100);
    expect(result.outcomes).to.be.above(0);
    expect(result.told).to.be.above(0);
  });

  it('a wrong option is told with the right ones', async () => {
    const { code, errors } = await chaos('--seconds', 'many');
    expect(code).to.equal(2);
    expect(errors).to.include('--seconds: a whole number from 1, not many').and.include('--seed N');
  });
});
