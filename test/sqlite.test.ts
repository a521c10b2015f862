import { expect } from 'chai';
import sqlite3 from 'sqlite3';
import type { Database } from '../src/database.js';
import { type FreshDatabase, freshDatabase } from './helpers/databases.js';

const TOUCH = { text: 'UPDATE rank_state SET version = version + 1' };
const COUNT = { text: 'SELECT count(*) AS users FROM users' };

describe('an SQLite file that never had a write-ahead log, while another program writes to it', () => {
  let fresh: FreshDatabase;
  let database: Database;
  let other: sqlite3.Database;
  const inOther = (sql: string) =>
    new Promise<void>((resolve, reject) => {
      other.exec(sql, (error) => (error ? reject(error) : resolve()));
    });
  const journalMode = async () => (await database.read({ text: 'PRAGMA journal_mode' }, []))[0]?.['journal_mode'];

  beforeEach(async () => {
    fresh = await freshDatabase('sqlite');
    database = fresh.database;
    other = new sqlite3.Database(fresh.url.slice('sqlite:'.length));
    await inOther('BEGIN IMMEDIATE');
  });
  afterEach(async () => {
    await new Promise((resolve) => other.close(resolve));
    await fresh.close();
  });

  it('is read', async () => {
    expect(await database.read(COUNT, [])).to.deep.equal([{ users: 0 }]);
    expect(await database.sequelize.query(COUNT.text)).to.be.an('array');
    expect(await journalMode()).to.equal('delete');
  });

  it('is written to when that program has done, and has the log from then on', async () => {
    let written = false;
    const writing = database.write(TOUCH, []).then(() => {
      written = true;
    });
    for (const sql of Array.from({ length: 20 }, () => TOUCH.text)) await inOther(sql);
    expect(written).to.equal(false);
    await inOther('COMMIT');
    await writing;
    expect(await database.read({ text: 'SELECT version FROM rank_state' }, [])).to.deep.equal([{ version: 21 }]);
    expect(await journalMode()).to.equal('wal');
  });
});
