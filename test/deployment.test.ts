import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { readConfig } from '../src/config.js';

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

/** Every variable that readConfig asks for. */
function settings(): string[] {
  const asked = new Set<string>();
  const values: Record<string, string> = { DATABASE_URL: 'sqlite:./x.sqlite', REDIS_URL: 'redis://127.0.0.1' };
  readConfig(new Proxy(values, { get: (env, name: string) => asked.add(name) && env[name] }));
  return [...asked].sort();
}

describe('the files for running it for real', () => {
  it('.env.example shows every setting, each with a comment, and none that nobody reads', () => {
    const lines = read('.env.example').split('\n');
    const shown = lines.flatMap((line, index) => {
      const [, name] = /^#?([A-Z_]+)=/.exec(line) ?? [];
      if (name === undefined) return [];
      const above = lines.slice(0, index).findLast((other) => !/^#?[A-Z_]+=/.test(other));
      expect(above, `the comment above ${name}`).to.match(/^# \S/);
      return [name];
    });
    const others = ['POSTGRES_PASSWORD', 'REDIS_PASSWORD', 'BOT_NAME', 'API_URL', 'API_TOKEN', 'BOT_SECRET'];
    expect(shown.sort()).to.deep.equal([...settings().filter((name) => name !== 'NODE_ENV'), ...others].sort());
  });

  it('.env.example shows the defaults', () => {
    const commentedOut = [...read('.env.example').matchAll(/^#([A-Z_]+)=(.+)$/gm)].map(([, name, value]) => [
      name,
      value,
    ]);
    const urls = { DATABASE_URL: 'sqlite:./x.sqlite', REDIS_URL: 'redis://127.0.0.1' };
    const secrets = { API_TOKENS: 'spin_bot:secret', ADMIN_USER: 'admin', ADMIN_PASSWORD: 'secret' };
    const given = { ...urls, ...secrets };
    expect(readConfig({ ...Object.fromEntries(commentedOut), ...given })).to.deep.equal(readConfig(given));
  });

  it('docker-compose.yml passes every setting on', () => {
    const passed = [...read('docker-compose.yml').matchAll(/^ {4,6}([A-Z_]+):/gm)].map(([, name]) => name);
    expect(passed).to.include.members(settings());
  });

  it('docker-compose.yml mounts what there is, and says which version of each program it wants', () => {
    const compose = read('docker-compose.yml');
    const mounted = [...compose.matchAll(/[" ]\.\/([^:\s"]+):/g)].map(([, path]) => path as string);
    expect(mounted.length).to.be.at.least(3);
    for (const path of mounted) expect(existsSync(new URL(`../../${path}`, import.meta.url)), path).to.equal(true);
    for (const [, image] of compose.matchAll(/^ +image: (\S+)$/gm)) {
      if (image !== 'botledger') expect(image).to.match(/:v?\d/);
    }
  });

  it('a container has longer to stop than the process it holds', () => {
    const [, seconds] = /stop_grace_period: (\d+)s/.exec(read('docker-compose.yml')) ?? [];
    const { shutdownTimeoutMs } = readConfig({ DATABASE_URL: 'sqlite:./x.sqlite', REDIS_URL: 'redis://127.0.0.1' });
    expect(Number(seconds) * 1_000).to.be.greaterThan(shutdownTimeoutMs);
  });
});
