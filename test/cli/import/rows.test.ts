import { writeFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import { type Row, readRows } from '../../../src/cli/import/rows.js';
import { usersFile } from './files.js';

async function read(text: string | Buffer): Promise<{ rows: Row[]; problem: string | undefined }> {
  const file = usersFile('');
  writeFileSync(file, text);
  const rows: Row[] = [];
  try {
    for await (const row of readRows(file)) rows.push(row);
    return { rows, problem: undefined };
  } catch (error) {
    return { rows, problem: (error as Error).message };
  }
}

describe('the rows of a file', () => {
  it('come with line and offset', async () => {
    const { rows, problem } = await read('{\n  "1": {"session": {}},\n\n  "Ж": [1],\n"1"\n: 2 }\n');
    expect(problem).to.equal(undefined);
    expect(rows.map(({ line, offset, id, value }) => ({ line, offset, id, value }))).to.deep.equal([
      { line: 2, offset: 4, id: '1', value: { session: {} } },
      { line: 4, offset: 29, id: 'Ж', value: [1] },
      { line: 5, offset: 40, id: '1', value: 2 },
    ]);
  });

  it('are what JSON.parse makes of them, wherever the chunks are cut', async () => {
    const members = fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.jsonValue()), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(members, fc.constantFrom(0, 1, '\t'), async (pairs, indent) => {
        // Longer than a chunk of a file stream.
        const long = [...pairs, ['long', 'ё😀'.repeat(15_000)] as const, ...pairs];
        const text = `{${long.map(([id, value]) => `\n${JSON.stringify(id)}:${JSON.stringify(value, null, indent)}`)}}`;
        const { rows } = await read(text);
        expect(rows.map(({ id, value }) => [id, value])).to.deep.equal(
          long.map(([id, value]) => [id, JSON.parse(JSON.stringify(value))]),
        );
        const bytes = Buffer.from(text);
        for (const { id, line, offset } of rows) {
          expect(bytes.subarray(offset).indexOf(JSON.stringify(id))).to.equal(0);
          expect(bytes.subarray(0, offset).toString().split('\n')).to.have.length(line);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('keep "__proto__" as a plain field, and name the integers that JavaScript cannot keep', async () => {
    const { rows } = await read('\uFEFF{"1": {"__proto__": {"a": 1}}, "2": [12345678901234567890], "3": [1.5e300]}');
    expect(Object.keys(rows[0]?.value as object)).to.deep.equal(['__proto__']);
    expect(rows.map(({ inexact }) => inexact)).to.deep.equal([undefined, '12345678901234567890', undefined]);
  });

  for (const { what, text, rows: count, problem: expected } of [
    { what: 'nothing', text: '', rows: 0, problem: 'the file is empty' },
    { what: 'white space', text: ' \n', rows: 0, problem: 'the file is empty' },
    { what: 'a list', text: '\n[{"1": {}}]', rows: 0, problem: 'line 2: expected an object' },
    { what: 'a text', text: '"users"', rows: 0, problem: 'line 1: expected an object' },
    { what: 'a number', text: '123', rows: 0, problem: 'line 1: expected an object' },
    { what: 'half a word', text: 'nul', rows: 0, problem: 'line 1: no JSON' },
    { what: 'no JSON', text: 'users_data', rows: 0, problem: 'line 1: no JSON: Unexpected "u"' },
    { what: 'Python’s NaN', text: '{"1": {},\n"2": {"x": NaN}}', rows: 1, problem: 'line 2: no JSON: Unexpected "N"' },
    {
      what: 'a file that was cut off',
      text: '{"1": {},\n"2": {},\n"3": {"se',
      rows: 2,
      problem: 'line 3: the file ends in',
    },
    { what: 'a file that lacks its end', text: '{"1": {},\n"2": {}', rows: 2, problem: 'line 2: the file ends in' },
    { what: 'something after the object', text: '{"1": {}}\n{"2": {}}', rows: 1, problem: 'line 2: no JSON' },
    { what: 'a comma too many', text: '{"1": {},\n}', rows: 1, problem: 'line 2: no JSON' },
    { what: 'UTF-16', text: Buffer.from('{"1": {}}', 'utf16le'), rows: 0, problem: 'line 1: no JSON' },
    { what: 'another encoding', text: Buffer.from('{"1": "\xcf\xf0"}', 'latin1'), rows: 0, problem: 'line 1: no JSON' },
  ]) {
    it(`refuse ${what}, after the rows before it`, async () => {
      const { rows, problem } = await read(text);
      expect(problem).to.contain(expected);
      expect(rows).to.have.length(count);
    });
  }

  it('of a directory and of no file are refused', async () => {
    for (const path of ['/', '/no/such/file']) {
      const all = (async () => {
        for await (const _ of readRows(path));
      })();
      const error = await all.catch((reason: Error) => reason);
      expect(error).to.have.property('name', 'UnreadableFileError');
    }
  });
});
