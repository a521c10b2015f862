import { expect } from 'chai';
import { startProcess } from '../helpers/processes.js';
import { workingDirectory } from './working-directory.js';

describe('botledger demo', () => {
  const demo = (cwd: string, ...args: string[]) =>
    startProcess('src/cli/main.js', { args: ['demo', ...args], environment: {}, cwd });

  it('plays everything, checks what came out and ends; the second time in the same directory too', async function () {
    this.timeout(120_000);
    const directory = workingDirectory();
    for (const _ of ['first', 'second']) {
      const process = demo(directory, '--once');
      expect(await process.exited, process.output()).to.equal(0);
      expect(process.output()).to.contain('Everything is as it should be').and.not.contain('✘');
      expect(process.output()).to.contain('10,000, each once');
    }
  });

  it('fits a terminal of 80 columns', async () => {
    const process = demo(workingDirectory(), '--once', '--writes', '500');
    await process.exited;
    const tooLong = process
      .output()
      .split('\n')
      .filter((line) => line.length > 80);
    expect(tooLong).to.deep.equal([]);
  });

  it('prints one line of JSON when a machine asks', async () => {
    const process = demo(workingDirectory(), '--json', '--writes', '500');
    expect(await process.exited, process.output()).to.equal(0);
    const lines = process.output().trim().split('\n');
    expect(lines).to.have.length(1);
    const result = JSON.parse(lines[0] ?? '') as { ok: boolean; burst: { applied: number } };
    expect(result).to.deep.include({ ok: true });
    expect(result.burst.applied).to.equal(500);
  });
});
