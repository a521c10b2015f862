import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { codeBlocks } from './markdown.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const read = (file: string) => readFileSync(`${root}${file}`, 'utf8');

/** Code however deep it is indented. */
const flat = (code: string) => code.replace(/^ +/gm, '');

describe('docs/bots.md', () => {
  const blocks = codeBlocks(read('docs/bots.md'));

  it('shows code of the example bots', () => {
    expect(blocks.length).to.be.at.least(8);
  });

  // The bots themselves are run in test/acceptance/example-bots.test.ts.
  for (const { file, lines } of blocks) {
    it(`shows ${file} as it is: ${lines[0]?.trim()}`, () => {
      expect(flat(read(file))).to.include(flat(lines.join('\n')));
    });
  }
});
