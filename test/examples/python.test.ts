import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { type Fleet, startFleet } from '../docs/fleet.js';

const run = promisify(execFile);
const directory = fileURLToPath(new URL('../../../examples/python/', import.meta.url));

function hasPython(): boolean {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** What becomes of a request on the way to the API. */
type Fate = 'pass' | 'lose the answer' | 429 | 503;

/** An address in front of the API where each write meets the next of the fates; those after the last pass. */
async function startRoad(apiUrl: string, fates: Fate[]) {
  const keys: (string | undefined)[] = [];
  const server = createServer(async (req: IncomingMessage, res: ServerResponse) => {
    const fate = req.method === 'POST' ? (fates.shift() ?? 'pass') : 'pass';
    if (req.method === 'POST') keys.push(req.headers['idempotency-key'] as string | undefined);
    if (typeof fate === 'number') return void res.writeHead(fate, { 'retry-after': '0' }).end('not now');
    const chunks = await req.toArray();
    const { host: _, connection: __, ...headers } = req.headers as Record<string, string>;
    const answer = await fetch(apiUrl + req.url, {
      method: req.method ?? 'GET',
      headers,
      ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
    });
    const body = await answer.text();
    if (fate === 'lose the answer') return void res.destroy();
    res.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** The key of each write that was tried. */
    keys,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

describe('examples/python', function () {
  this.timeout(60_000);
  let fleet: Fleet;

  before(async function () {
    if (!hasPython()) {
      process.stdout.write('    skipped: there is no python3 on this machine\n');
      this.skip();
    }
    fleet = await startFleet();
  });
  after(() => fleet?.close());

  const python = async (apiUrl: string, ...args: string[]) => {
    const env = {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      PYTHONDONTWRITEBYTECODE: '1',
      PYTHONIOENCODING: 'utf-8',
      API_URL: apiUrl,
      BOT_NAME: 'spin_bot',
      API_TOKEN: fleet.spinToken,
    };
    return (await run('python3', args, { cwd: directory, env })).stdout;
  };

  /** A script that has a `ledger`. */
  const script = (apiUrl: string, code: string, patience = 60) =>
    python(
      apiUrl,
      '-c',
      `import os, json\nfrom botledger import Ledger, LedgerError\n` +
        `ledger = Ledger(os.environ["API_URL"], "spin_bot", os.environ["API_TOKEN"], patience=${patience})\n${code}`,
    );

  it('prints what its README says, also when it runs again', async () => {
    const readme = readFileSync(`${directory}README.md`, 'utf8');
    const [, printed] = /however often it is run:\n\n```\n(.*?)```/s.exec(readme) ?? [];
    expect(await python(fleet.apiUrl, 'demo.py')).to.equal(printed);
    expect(await python(fleet.apiUrl, 'demo.py')).to.equal(printed);
  });

  it('sends again under the same key when the ledger is busy, away, or its answer is lost', async () => {
    const john = fleet.someone();
    const road = await startRoad(fleet.apiUrl, [429, 'lose the answer', 503, 'lose the answer', 503]);
    const add = `ledger.send([{"name": "addXp", "telegramId": ${john}, "xp": 10}])`;
    expect(JSON.parse(await script(road.url, `print(json.dumps(${add}))`))).to.deep.include.members([
      { leveledUp: false, oldLevel: 1, newLevel: 1, totalXp: 10 },
    ]);
    await road.close();
    expect(road.keys).to.have.lengthOf(6);
    expect(new Set(road.keys).size, 'keys').to.equal(1);
    expect((await fleet.spin.getUser(john))?.totalXp).to.equal(10);
  });

  it('tells later what became of what it did not wait for', async () => {
    const john = fleet.someone();
    const code = [
      `print(ledger.outcomes("late-${john}"))`,
      `ledger.send([{"name": "addXp", "telegramId": ${john}, "xp": 7}], key="late-${john}", wait=0)`,
      `while not ledger.outcomes("late-${john}"): pass`,
      `print(ledger.outcomes("late-${john}")[0]["totalXp"])`,
    ];
    expect(await script(fleet.apiUrl, code.join('\n'))).to.equal('None\n7\n');
  });

  it('raises what the ledger refuses, and gives up when nobody answers', async () => {
    const john = fleet.someone();
    const attempt = (call: string) =>
      `try:\n    ${call}\nexcept LedgerError as error:\n    print(error.status, error.errors)`;
    const send = (xp: string) =>
      attempt(`ledger.send([{"name": "addXp", "telegramId": ${john}, "xp": ${xp}}], key="taken-${john}")`);
    const printed = await script(fleet.apiUrl, [send('1'), send('2'), send('"two"')].join('\n'));
    expect(printed).to.equal("409 []\n400 ['addXp.xp: expected number, received string']\n");
    expect(await script('http://127.0.0.1:9', send('1'), 0)).to.equal('0 []\n');
  });

  it('answers None for what is not there', async () => {
    expect(await script(fleet.apiUrl, 'print(ledger.get("/v1/users/1"))')).to.equal('None\n');
  });
});
