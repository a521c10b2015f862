import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeAfterRun } from '../helpers/run.js';

/** An empty directory for a CLI to work in; removed at the end of the run. */
export function workingDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'botledger-cli-'));
  closeAfterRun({ close: async () => rmSync(directory, { recursive: true, force: true }) });
  return directory;
}
