import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** The Chromium of this machine, as a full path. */
export function findChromium(): string | undefined {
  const directories = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean);
  return NAMES.flatMap((name) => directories.map((directory) => join(directory, name))).find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Starts it without a window, in a profile of its own, which goes when it is closed. It talks to nobody but the test. */
export function startChromium(executablePath: string): Promise<Browser> {
  // Playwright adds what keeps it from the network: no updates, no sync, no first run.
  const args = ['--disable-gpu', '--disable-quic', '--disable-sync', '--disable-background-networking'];
  // Chromium does not start in its sandbox as root.
  return chromium.launch({ executablePath, args, chromiumSandbox: process.getuid?.() !== 0 });
}
