import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { Registry } from 'prom-client';
import { startApi } from '../src/api/server.js';
import { startCommitWorker } from '../src/commit/worker.js';
import { readConfig } from '../src/config.js';
import { BotLedger } from '../src/index.js';
import { type Closable, closeAll } from '../src/lifecycle.js';
import { createLogger } from '../src/logger.js';
import { openMetrics } from '../src/metrics.js';
import { startSchedule } from '../src/schedule/worker.js';
import { tables } from './docs/markdown.js';
import { root } from './docs/programs.js';
import { freshDatabase } from './helpers/databases.js';
import { freshRedisUrl } from './helpers/redis.js';
import { samplesOf } from './helpers/samples.js';

const read = (file: string) => readFileSync(`${root}${file}`, 'utf8');

/** What a fleet exports: by name, the values of each label, and the parts that it comes from. */
interface Exported {
  labels: Map<string, Set<string>>;
  parts: Set<string>;
}

describe('What an operator watches', () => {
  /** By the names that Prometheus stores, with `_bucket` and the like. */
  const series = new Map<string, Exported>();
  /** By the names that are declared. */
  const metrics = new Map<string, Exported>();

  before(async () => {
    for (const [part, text] of await scrapeFleet()) {
      const declared = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name as string);
      for (const name of declared) note(metrics, name, part);
      for (const sample of samplesOf(text).keys()) {
        const [, name = '', rest = ''] = /^([^{]+)(?:\{(.*)\})?$/.exec(sample) ?? [];
        const labels = [...rest.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, value]) => [label, value]);
        note(series, name, part, labels as [string, string][]);
        const family = declared.find((known) => name.replace(/_(bucket|sum|count)$/, '') === known) ?? name;
        note(
          metrics,
          family,
          part,
          (labels as [string, string][]).filter(([label]) => label !== 'le'),
        );
      }
    }
  });

  it('is told by docs/metrics.md: every metric, with its labels and who exports it', () => {
    const [table] = tables(read('docs/metrics.md'));
    const told = table?.rows.map(([name = '', labels = '', from = '']) => [name.replaceAll('`', ''), labels, from]);
    const found = [...metrics].flatMap(([name, { labels, parts }]) => {
      if (!name.startsWith('botledger_')) return [];
      const from = parts.size === 3 ? 'all' : [...parts].sort().join(', ');
      return [[name, [...labels.keys()].join(', '), from]];
    });
    expect(told?.sort()).to.deep.equal(found.sort());
  });

  describe('on ops/grafana/botledger.json', () => {
    const { panels, templating } = JSON.parse(read('ops/grafana/botledger.json')) as Dashboard;

    it('comes from metrics and labels that a fleet exports', () => {
      for (const { title, targets = [] } of panels) {
        for (const { expr } of targets) expectKnown(expr, title);
      }
      expect(panels.filter(({ targets }) => targets).length).to.be.at.least(16);
    });

    it('comes from the one data source that is chosen above it', () => {
      expect(templating.list.map(({ name, type }) => [name, type])).to.deep.equal([['datasource', 'datasource']]);
      for (const { targets = [], datasource } of panels) {
        for (const { uid } of [datasource, ...targets.map((target) => target.datasource)].flatMap((one) => one ?? [])) {
          expect(uid).to.equal(`\${${templating.list[0]?.name}}`);
        }
      }
    });

    it('is laid out in rows: each panel has an id of its own, a title, a description, and no other upon it', () => {
      expect(new Set(panels.map(({ id }) => id)).size).to.equal(panels.length);
      const taken = new Set<string>();
      for (const { title, type, description, gridPos } of panels) {
        expect(title).to.match(/\S/);
        if (type !== 'row') expect(description, title).to.match(/\S/);
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
            expect(x, title).to.be.within(0, 23);
            expect(taken.has(`${x},${y}`), `${title} covers another panel`).to.equal(false);
            taken.add(`${x},${y}`);
          }
        }
      }
    });
  });

  describe('for, by ops/prometheus/alerts.yml', () => {
    const rules = read('ops/prometheus/alerts.yml').split('- alert: ').slice(1);

    it('comes from metrics and labels that a fleet exports', () => {
      for (const rule of rules) {
        const [, name = '', expr = ''] = /^(\w+)\n.*? expr: (.*?)\n {8}(?:for|labels):/s.exec(rule) ?? [];
        expectKnown(expr, name);
      }
      expect(rules.length).to.be.at.least(12);
    });

    it('says how bad it is, what to do, and where to read on', () => {
      for (const rule of rules) {
        expect(rule).to.match(/labels: \{ severity: (critical|warning) \}/);
        for (const field of ['summary', 'description']) expect(rule).to.match(new RegExp(` ${field}: \\S`));
        const [, page = ''] = / docs: (docs\/\S+\.md)$/m.exec(rule) ?? [];
        expect(existsSync(`${root}${page}`), page).to.equal(true);
      }
    });

    const checks = [
      ['is understood by Prometheus', ['check', 'rules', '--lint=all', '--lint-fatal', 'alerts.yml']],
      ['is silent while all is well, and speaks up when it is not', ['test', 'rules', 'alerts.test.yml']],
      ['is scraped as prometheus.yml says', ['check', 'config', '--syntax-only', 'prometheus.yml']],
    ] as const;
    for (const [what, args] of checks) {
      it(what, function () {
        const { error, status, stderr } = spawnSync('promtool', args, {
          cwd: `${root}ops/prometheus`,
          encoding: 'utf8',
        });
        if (error) return skipLoudly(this);
        expect(status, stderr).to.equal(0);
      });
    }
  });

  /** Every metric of an expression is exported, and so is every label and value that it asks for by name. */
  function expectKnown(expr: string, where: string): void {
    const names = [...expr.matchAll(/\b((?:botledger|process|nodejs)_\w+)(?:\{([^}]*)\})?/g)];
    expect(names.length + (/\bup\{/.test(expr) ? 1 : 0), `${where}: ${expr}`).to.be.at.least(1);
    const known = new Set(OF_PROMETHEUS);
    for (const [, name = '', matchers = ''] of names) {
      const exported = series.get(name);
      expect(exported, `${where}: ${name}`).not.to.equal(undefined);
      for (const label of exported?.labels.keys() ?? []) known.add(label);
      for (const [, label = '', operator, value = ''] of matchers.matchAll(/(\w+)(=~|!~|!=|=)"([^"]*)"/g)) {
        if (OF_PROMETHEUS.includes(label)) continue;
        const values = [...(exported?.labels.get(label) ?? [])];
        expect(values, `${where}: ${name} by ${label}`).not.to.deep.equal([]);
        const some =
          operator === '=' ? values.includes(value) : values.some((one) => new RegExp(`^(${value})$`).test(one));
        // What is left out may be missing anyway, and no request has failed yet.
        if (operator?.startsWith('=') && label !== 'status')
          expect(some, `${where}: ${label}="${value}"`).to.equal(true);
      }
    }
    for (const [, labels = ''] of expr.matchAll(/\bby \(([^)]*)\)/g)) {
      for (const label of labels.split(', ')) expect([...known], where).to.include(label);
    }
  }
});

/** What Prometheus adds to each series. */
const OF_PROMETHEUS = ['job', 'instance'];

interface Dashboard {
  templating: { list: { name: string; type: string }[] };
  panels: {
    id: number;
    type: string;
    title: string;
    description?: string;
    datasource?: { uid: string };
    targets?: { expr: string; datasource: { uid: string } }[];
    gridPos: { x: number; y: number; w: number; h: number };
  }[];
}

function note(
  noted: Map<string, Exported>,
  name: string,
  part: string,
  labels: readonly [string, string][] = [],
): void {
  const exported: Exported = noted.get(name) ?? { labels: new Map(), parts: new Set() };
  noted.set(name, exported);
  exported.parts.add(part);
  for (const [label, value] of labels) exported.labels.set(label, (exported.labels.get(label) ?? new Set()).add(value));
}

/** What each part of a fleet answers Prometheus, after a unit and a request. */
async function scrapeFleet(): Promise<[part: string, text: string][]> {
  const fresh = await freshDatabase('postgres');
  const { database } = fresh;
  const redisUrl = await freshRedisUrl();
  const config = readConfig({ DATABASE_URL: fresh.url, REDIS_URL: redisUrl, PORT: '0' });
  const logger = createLogger('test', 'silent');
  const opened: Closable[] = [fresh];
  const open = async <C extends Closable>(opening: (metrics: Registry) => Promise<C>) => {
    const metrics = openMetrics(database);
    const part = await opening(metrics);
    opened.push(part);
    return { part, metrics };
  };
  try {
    const commit = await open((metrics) => startCommitWorker({ config, database, metrics, logger }));
    const schedule = await open((metrics) => startSchedule({ config, database, metrics, logger }));
    const { part: api } = await open((metrics) => startApi({ config, database, metrics, logger }));
    const bot = new BotLedger({ bot: 'spin_bot', redisUrl });
    opened.push(bot);
    await (await bot.addXp(1, { xp: 1 })).result();
    const headers = { authorization: `Bearer ${config.generated.apiToken}` };
    await (await fetch(`${api.url}/v1/users/1`, { headers })).text();
    return [
      ['commit', await commit.metrics.metrics()],
      ['schedule', await schedule.metrics.metrics()],
      ['api', await (await fetch(`${api.url}/metrics`)).text()],
    ];
  } finally {
    await closeAll(opened);
  }
}

function skipLoudly(test: Mocha.Context): void {
  process.stderr.write(
    'NOT TESTED: the alert rules, because there is no promtool (Debian: apt-get install prometheus)\n',
  );
  test.skip();
}
