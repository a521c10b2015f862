import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { readOptions } from '../../chaos/options.js';
import { faultKinds } from '../../chaos/plan.js';
import { tables } from './markdown.js';
import { root } from './programs.js';

const document = readFileSync(`${root}docs/reliability.md`, 'utf8');

describe('docs/reliability.md', () => {
  it('shows commands that are understood', () => {
    const commands = [...document.matchAll(/npm run chaos(?: -- (.*?))?(?=`| {2,}|\n)/g)];
    expect(commands).to.have.lengthOf.above(4);
    for (const [command, args = ''] of commands) {
      expect(() => readOptions(args.replace(' N', ' 1').split(' ').filter(Boolean)), command).not.to.throw();
    }
  });

  it('names every kind of fault', () => {
    const rows = tables(document).find(({ heading }) => heading === 'What it breaks')?.rows ?? [];
    const named = rows.flatMap(([names = '']) => names.split(', '));
    expect(named).to.have.members(Object.keys(faultKinds));
  });
});
