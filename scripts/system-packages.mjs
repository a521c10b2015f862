import { onPath, run, say, succeeds } from './programs.mjs';

/**
 * The package managers we know, with the packages by what they are for. Alternatives are tried in turn: some
 * distributions replaced Redis by Valkey, which is the same for our use.
 */
const managers = {
  'apt-get': {
    install: 'apt-get update -q && apt-get install -yq --no-install-recommends',
    redis: ['redis-server', 'valkey-server'],
    compiler: ['python3 make g++'],
    browser: ['chromium', 'chromium-browser'],
    promtool: ['prometheus'],
  },
  dnf: {
    install: 'dnf install -y',
    redis: ['redis', 'valkey'],
    compiler: ['python3 make gcc-c++'],
    browser: ['chromium'],
    promtool: [],
  },
  apk: {
    install: 'apk add --no-cache',
    redis: ['redis', 'valkey'],
    compiler: ['python3 make g++'],
    browser: ['chromium'],
    promtool: ['prometheus'],
  },
  pacman: {
    install: 'pacman -Sy --noconfirm --needed',
    redis: ['valkey', 'redis'],
    compiler: ['python make gcc'],
    browser: ['chromium'],
    promtool: ['prometheus'],
  },
  brew: {
    install: 'brew install',
    redis: ['redis', 'valkey'],
    compiler: [],
    // Its Chromium is an application, which is not on PATH.
    browser: [],
    promtool: ['prometheus'],
  },
};

// Debian's package of a server starts it as a system service, now and at every boot. We run a Redis of our own, and
// nothing else should listen on its usual port because of us.
const withoutService = (packages) => `
  export DEBIAN_FRONTEND=noninteractive
  if [ -d /usr/sbin ] && [ ! -e /usr/sbin/policy-rc.d ] && command -v dpkg >/dev/null; then
    printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d
    trap 'rm -f /usr/sbin/policy-rc.d; systemctl disable ${packages} >/dev/null 2>&1' EXIT
  fi`;

const manager = Object.keys(managers).find((name) => onPath(name));

/** The command that installs a purpose's packages on this machine, for a person to run. */
export function installCommand(purpose) {
  const packages = manager && managers[manager][purpose][0];
  return packages && `${manager === 'brew' ? '' : 'sudo '}${managers[manager].install.split('&& ').pop()} ${packages}`;
}

/**
 * Installs system packages, saying so first, when this user may do it without a password.
 *
 * @param {'redis' | 'compiler' | 'browser' | 'promtool'} purpose
 * @returns whether it did
 */
export async function installSystemPackages(purpose, reason) {
  const shell = manager && installingShell();
  if (!shell) return false;
  for (const packages of managers[manager][purpose]) {
    const command = `${managers[manager].install} ${packages}`;
    say(`${reason}: running  ${command}`);
    const [program, ...args] = [...shell, `${manager === 'brew' ? '' : withoutService(packages)}\n${command}`];
    if (await run(program, args)) return true;
  }
  return false;
}

function installingShell() {
  // Homebrew belongs to its user and refuses root.
  if (manager === 'brew') return process.getuid() === 0 ? undefined : ['sh', '-c'];
  if (process.getuid?.() === 0) return ['sh', '-c'];
  return onPath('sudo') && succeeds('sudo', ['-n', 'true']) ? ['sudo', '-n', 'sh', '-c'] : undefined;
}
