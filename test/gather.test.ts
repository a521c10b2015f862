import { Writable } from 'node:stream';
import { expect } from 'chai';
import { gather } from '../src/gather.js';

/** Counts the bytes of each write to the system. */
class Counting extends Writable {
  readonly writes: number[] = [];

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.writes.push(chunk.length);
    done();
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.writes.push(chunks.reduce((sum, { chunk }) => sum + chunk.length, 0));
    done();
  }
}

describe('Gathered writes', () => {
  const send = (stream: Writable, bytes: number) => {
    gather(stream);
    stream.write(Buffer.alloc(bytes));
  };

  it('leave together when the event loop goes on', async () => {
    const stream = new Counting();
    for (const bytes of [1, 2, 3]) send(stream, bytes);
    expect(stream.writes).to.deep.equal([]);
    await new Promise<void>(setImmediate);
    send(stream, 4);
    await new Promise<void>(setImmediate);
    expect(stream.writes).to.deep.equal([6, 4]);
    expect(stream.writableCorked).to.equal(0);
  });

  it('leave before that when they are large, so that the other end can begin', async () => {
    const stream = new Counting();
    for (let sent = 0; sent < 5; sent++) send(stream, 10_000);
    expect(stream.writes).to.deep.equal([20_000, 20_000]);
    await new Promise<void>(setImmediate);
    expect(stream.writes).to.deep.equal([20_000, 20_000, 10_000]);
    expect(stream.writableCorked).to.equal(0);
  });
});
