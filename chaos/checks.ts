import { isDeepStrictEqual } from 'node:util';
import { levelFor } from '../src/domain/levels.js';
import { type Applied, appliedOf, type Facts } from './facts.js';

const DAY_MS = 24 * 60 * 60 * 1_000;
const DAYS_OF_MONTH = 30;

/** Every rule that a run may not break: each names what breaks it. */
export const checks: Readonly<Record<string, (facts: Facts, world: World) => string[]>> = {
  'every acknowledged unit is in the ledger': ({ acknowledged }, { ledger, ofDeleted }) =>
    [...acknowledged].filter((id) => !ledger.has(id) && !ofDeleted(id)),

  'nothing is in the ledger that nobody sent': ({ intents }, { ledger }) =>
    [...ledger.keys()].filter((id) => !intents.has(id)),

  'every outcome that a bot was told is the one in the ledger': ({ outcomes }, { ledger, ofDeleted }) =>
    outcomes
      .filter(({ id, outcomes: told }) => !ofDeleted(id) && !isDeepStrictEqual(told, ledger.get(id)))
      .map(({ id, outcomes: told }) => `${id}: told ${text(told)}, stored ${text(ledger.get(id))}`),

  'other content under a used key is refused': ({ forged, forgeries, failed }) => {
    const refused = new Set(failed.filter(isConflict).flatMap(({ units }) => units));
    return [
      ...[...forged].filter((id) => !refused.has(id)).map((id) => `${id}: taken, but not refused`),
      ...[...refused].filter((id) => !forgeries.has(id)).map((id) => `${id}: refused, although it was sent once`),
    ];
  },

  'no job failed besides': ({ failed }) =>
    failed.filter((job) => !isConflict(job)).map(({ queue, job, reason }) => `${queue} ${job}: ${reason}`),

  'no job is left': ({ unfinished }) => unfinished.map(({ queue, state, jobs }) => `${queue}: ${jobs} jobs ${state}`),

  'no transaction is left open, and nobody waits for a lock': ({ locks }) => locks,

  'XP, level, trainings and score are the sums of what was applied': ({ users }, { of, isDeleted }) =>
    users.flatMap(({ telegramId, totalXp, level, totalTrainings, totalScore }) => {
      if (isDeleted(telegramId)) return [];
      const trainings = of('completeTraining', telegramId);
      const score = sum(trainings.map(({ operation }) => Number(operation['score'])));
      const xp = score + sum(of('addXp', telegramId).map(({ operation }) => Number(operation['xp'])));
      const expected = { totalXp: xp, level: levelFor(xp), totalTrainings: trainings.length, totalScore: score };
      return differences(`user ${telegramId}`, { totalXp, level, totalTrainings, totalScore }, expected);
    }),

  'the XP outcomes of a user follow one another': (_, { users, of, isDeleted }) =>
    users.filter((user) => !isDeleted(user)).flatMap((user) => breaksOfChain(user, gains(of, user))),

  'a badge is awarded once per user and bot': ({ badges }, { all, isDeleted }) => {
    const awards = groupBy(all('awardBadge'), ({ bot, operation }) =>
      badgeId(operation.telegramId, operation['badgeType'], bot),
    );
    const rows = groupBy(badges, (badge) => badgeId(badge.telegramId, badge.badgeType, badge.bot));
    return union(awards, rows).flatMap((id) => {
      if (isDeleted(Number(id.split(' ')[0]))) return [];
      const outcomes = (awards.get(id) ?? []).map(({ outcome }) => outcome);
      const [row] = rows.get(id) ?? [];
      const earned = outcomes.every(({ earnedAt }) => Date.parse(earnedAt) === row?.earnedAt);
      return [
        ...differences(`badge ${id}`, { rows: rows.get(id)?.length ?? 0, awarded: count(outcomes, 'awarded') }, ONCE),
        ...(earned ? [] : [`badge ${id}: answered another time than the stored one`]),
      ];
    });
  },

  'the last session of a user in a bot is the latest that it made': ({ sessions }, { all, isDeleted }) => {
    const saves = groupBy(all('saveSession'), ({ bot, operation }) => `${operation.telegramId} ${bot}`);
    const rows = new Map(sessions.map((row) => [`${row.telegramId} ${row.bot}`, row]));
    return [...saves].flatMap(([id, group]) => {
      if (isDeleted(Number(id.split(' ')[0]))) return [];
      const latest = group.reduce((best, save) => (save.at >= best.at ? save : best));
      const row = rows.get(id);
      return differences(
        `session ${id}`,
        { session: row?.session, at: row?.sessionAt },
        { session: latest.operation['session'], at: latest.at },
      );
    });
  },

  'the stats of a bot count its trainings': ({ sessions }, { of, isDeleted }) =>
    sessions.flatMap(({ telegramId, bot, stats }) => {
      if (isDeleted(telegramId)) return [];
      const scores = of('completeTraining', telegramId)
        .filter((training) => training.bot === bot)
        .map(({ operation }) => Number(operation['score']));
      const { total_trainings = 0, best_score = 0 } = stats as Record<string, number>;
      const expected = { trainings: scores.length, best: Math.max(0, ...scores) };
      return differences(`stats ${telegramId} ${bot}`, { trainings: total_trainings, best: best_score }, expected);
    }),

  'a hot session is the one in the database, or none': ({ hot, sessions }) => {
    const rows = new Map(sessions.map((row) => [`${row.telegramId} ${row.bot}`, row]));
    return hot.flatMap(({ telegramId, fields }) =>
      Object.entries(fields).flatMap(([field, value]) => {
        const [, part, sign, bot] = /^(session|stats)([:@])(.+)$/.exec(field) ?? [];
        if (!part) return [];
        const where = `${telegramId} ${field}`;
        if (sign === '@') return / - /.test(value) ? [`${where}: still waits for its commit: ${value}`] : [];
        const stored = rows.get(`${telegramId} ${bot}`)?.[part as 'session' | 'stats'] ?? {};
        return differences(where, { value: JSON.parse(value) }, { value: stored });
      }),
    );
  },

  'credits are used as the outcomes say': ({ subscriptions }, { users, all, of, isDeleted }) => {
    const paid = all('recordPayment').filter(({ outcome }) => outcome.applied);
    return users
      .filter((user) => !isDeleted(user))
      .flatMap((user) => {
        const bought = sum(of('createSubscription', user).map(({ operation }) => Number(operation['credits'])));
        const payments = paid.filter(({ operation }) => operation.telegramId === user);
        const byPayment = 2 * payments.filter(({ operation }) => operation['tariff'] === 'credits_2').length;
        const used = usesOf(of, user, 'credits');
        const active = subscriptions.filter((row) => row.telegramId === user && row.isActive && row.type === 'CREDITS');
        const left = sum(active.map(({ creditsLeft }) => creditsLeft ?? 0));
        const expected = { creditsLeft: bought + byPayment + granted(of, user, 'CREDITS') - used };
        return differences(`user ${user}`, { creditsLeft: left }, expected);
      });
  },

  'free trainings are used as the outcomes say': ({ freeTrainings }, { users, of, isDeleted }) =>
    users
      .filter((user) => !isDeleted(user))
      .flatMap((user) => {
        const added = of('addFreeTrainings', user).filter(({ outcome }) => outcome.added);
        const given = sum(added.map(({ operation }) => Number(operation['count']))) + granted(of, user, 'TRAININGS');
        const left = sum(freeTrainings.filter(({ telegramId }) => telegramId === user).map((row) => row.left));
        const expected = { left: given - usesOf(of, user, 'free_trainings') };
        return differences(`user ${user}`, { left }, expected);
      }),

  'a paid month is thirty days more': ({ subscriptions }, { users, of }) =>
    users.flatMap((user) => {
      const months = of('recordPayment', user).filter(({ outcome, operation }) => {
        return outcome.applied && operation['tariff'] === 'month';
      });
      const rows = subscriptions.filter(({ telegramId, type }) => telegramId === user && type === 'MONTH');
      const [first] = rows;
      if (!first) return differences(`user ${user}`, { months: 0 }, { months: months.length });
      const end = first.startDate + rows.length * DAYS_OF_MONTH * DAY_MS;
      const active = rows.filter(({ isActive }) => isActive);
      const found = { months: rows.length, active: active.length, end: active[0]?.endDate };
      return differences(`user ${user}`, found, { months: months.length, active: 1, end });
    }),

  'a payment is recorded once': ({ payments }, { all }) => {
    const notified = groupBy(all('recordPayment'), ({ operation }) => String(operation['paymentId']));
    const rows = groupBy(payments, ({ paymentId }) => paymentId);
    return union(notified, rows).flatMap((id) => {
      const outcomes = (notified.get(id) ?? []).map(({ outcome }) => outcome);
      return differences(
        `payment ${id}`,
        { rows: rows.get(id)?.length ?? 0, applied: count(outcomes, 'applied'), status: rows.get(id)?.[0]?.status },
        { rows: 1, applied: 1, status: 'COMPLETED' },
      );
    });
  },

  'a promocode is redeemed as often as it says, and no more often than it may be': (
    { promocodes, promocodeUses },
    { all },
  ) =>
    promocodes.flatMap(({ code, currentUses, maxUses }) => {
      const redeemed = all('redeemPromocode').filter(({ outcome, operation }) => {
        return outcome.redeemed && operation['code'] === code;
      });
      const users = new Set(redeemed.map(({ operation }) => operation.telegramId));
      const uses = promocodeUses.filter((use) => use.code === code).length;
      const created = all('createPromocode').filter(({ operation }) => operation['code'] === code);
      const found = {
        currentUses,
        uses,
        users: users.size,
        created: count(
          created.map((one) => one.outcome),
          'created',
        ),
      };
      const expected = { currentUses: redeemed.length, uses: redeemed.length, users: redeemed.length, created: 1 };
      const tooMany = currentUses > maxUses ? [`promocode ${code}: ${currentUses} uses of ${maxUses}`] : [];
      return [...differences(`promocode ${code}`, found, expected), ...tooMany];
    }),

  'every event of what was applied is delivered': ({ outbox }, { all, isDeleted }) => {
    const events = outbox.filter(({ telegramId }) => !isDeleted(telegramId));
    const living = (name: string) => all(name).filter(({ operation }) => !isDeleted(operation.telegramId ?? 0));
    const levels = [...living('addXp'), ...living('completeTraining')].filter(({ outcome }) => outcome.leveledUp);
    const found = {
      'badge.awarded': events.filter(({ type }) => type === 'badge.awarded').length,
      'user.leveledUp': events.filter(({ type }) => type === 'user.leveledUp').length,
      'payment.completed': events.filter(({ type }) => type === 'payment.completed').length,
    };
    return [
      ...outbox.filter(({ delivered }) => !delivered).map(({ id, type }) => `${type} ${id}: not delivered`),
      ...differences('events', found, {
        'badge.awarded': count(
          living('awardBadge').map(({ outcome }) => outcome),
          'awarded',
        ),
        'user.leveledUp': levels.length,
        'payment.completed': count(
          living('recordPayment').map(({ outcome }) => outcome),
          'applied',
        ),
      }),
    ];
  },

  'a bot is told of each of its badges, those of one user in order': ({ outbox, told }, { isDeleted }) => {
    const ids = new Set(told.map(({ bot, id }) => `${bot} ${id}`));
    const missing = outbox.filter(({ id, bot, type, telegramId }) => {
      return type === 'badge.awarded' && !isDeleted(telegramId) && !ids.has(`${bot} ${id}`);
    });
    const byUser = groupBy(told, ({ bot, telegramId }) => `${bot} ${telegramId}`);
    const disordered = [...byUser].filter(([, events]) => {
      const first = [...new Set(events.map(({ id }) => id))];
      return first.some((id, index) => id < (first[index - 1] ?? 0));
    });
    return [
      ...missing.map(({ bot, id }) => `${bot}: never told of event ${id}`),
      ...disordered.map(([id, events]) => `${id}: told in the order ${events.map((event) => event.id).join(', ')}`),
    ];
  },

  'of a deleted user nothing is left': (facts, { deleted }) => {
    const tombstones = new Set(facts.tombstones);
    const users = new Set(facts.users.map(({ telegramId }) => telegramId));
    const hot = new Map(facts.hot.map(({ telegramId, fields }) => [telegramId, fields]));
    return [...deleted].flatMap((user) => {
      const content = Object.keys(hot.get(user) ?? {}).filter((field) => /^(session|stats):/.test(field));
      return [
        ...(users.has(user) ? [`user ${user}: is still there, or was brought back`] : []),
        ...(tombstones.has(user) ? [] : [`user ${user}: has no tombstone`]),
        ...content.map((field) => `user ${user}: ${field} is still hot`),
      ];
    });
  },
};

/** Applies every check. @returns a line for each violation: the rule, and what breaks it */
export function findViolations(facts: Facts): string[] {
  const world = worldOf(facts);
  return Object.entries(checks).flatMap(([rule, check]) => check(facts, world).map((what) => `${rule}: ${what}`));
}

/** The facts as the checks need them. */
interface World {
  /** What the ledger holds of a unit. */
  ledger: ReadonlyMap<string, unknown[]>;
  /** Users whose deletion was committed. */
  deleted: ReadonlySet<number>;
  /** Whether somebody wanted this user deleted. */
  isDeleted(telegramId: number): boolean;
  /** Whether a unit names such a user. */
  ofDeleted(id: string): boolean;
  users: readonly number[];
  all(name: string): readonly Applied[];
  of(name: string, telegramId: number): readonly Applied[];
}

function worldOf({ ledger, intents, acknowledged, users }: Facts): World {
  const applied = appliedOf({ ledger, intents });
  const byName = groupBy(applied, ({ operation }) => operation.name);
  const byUser = groupBy(applied, ({ operation }) => `${operation.name} ${operation.telegramId}`);
  const wanted = new Set<number>();
  const deleted = new Set<number>();
  for (const [id, { operations }] of intents) {
    const [operation] = operations;
    if (operation?.name !== 'deleteUser' || operation.telegramId === undefined) continue;
    wanted.add(operation.telegramId);
    if (acknowledged.has(id)) deleted.add(operation.telegramId);
  }
  return {
    ledger: new Map(ledger.map(({ bot, key, outcomes }) => [`${bot} ${key}`, outcomes])),
    deleted,
    isDeleted: (telegramId) => wanted.has(telegramId),
    ofDeleted: (id) => (intents.get(id)?.operations ?? []).some(({ telegramId }) => wanted.has(telegramId ?? 0)),
    users: users.map(({ telegramId }) => telegramId),
    all: (name) => byName.get(name) ?? [],
    of: (name, telegramId) => byUser.get(`${name} ${telegramId}`) ?? [],
  };
}

const ONCE = { rows: 1, awarded: 1 };

const isConflict = ({ reason }: { reason: string }) => reason.startsWith('IdempotencyConflictError');

const badgeId = (telegramId: number | undefined, badgeType: unknown, bot: string) =>
  `${telegramId} ${badgeType} ${bot}`;

/** What a user gained in XP, with what was answered. */
function gains(of: World['of'], user: number) {
  return [...of('addXp', user), ...of('completeTraining', user)].map(({ id, operation, outcome }) => {
    const gain = Number(operation['xp'] ?? operation['score']);
    return { id, from: outcome.totalXp - gain, to: outcome.totalXp as number, outcome };
  });
}

function breaksOfChain(user: number, chain: ReturnType<typeof gains>): string[] {
  let total = 0;
  return chain
    .sort((one, other) => one.to - other.to)
    .flatMap(({ id, from, to, outcome }) => {
      const before = total;
      total = to;
      const levels = { oldLevel: outcome.oldLevel, newLevel: outcome.newLevel };
      const found = { from, ...levels };
      return differences(`user ${user}, ${id}`, found, {
        from: before,
        oldLevel: levelFor(before),
        newLevel: levelFor(to),
      });
    });
}

const usesOf = (of: World['of'], user: number, accessType: string) =>
  of('consumeAccess', user).filter(({ outcome }) => outcome.granted && outcome.accessType === accessType).length;

/** What a user got for promocodes of a type. */
const granted = (of: World['of'], user: number, type: string) =>
  sum(
    of('redeemPromocode', user)
      .filter(({ outcome }) => outcome.redeemed && outcome.granted.type === type)
      .map(({ outcome }) => outcome.granted.value),
  );

/** A line for each field that is not as expected. */
function differences(what: string, found: object, expected: object): string[] {
  const values = found as Record<string, unknown>;
  return Object.entries(expected)
    .filter(([field, value]) => !isDeepStrictEqual(values[field], value))
    .map(([field, value]) => `${what}: ${field} is ${text(values[field])}, not ${text(value)}`);
}

const text = (value: unknown) => {
  const json = JSON.stringify(value) ?? 'nothing';
  return json.length > 200 ? `${json.slice(0, 200)}…` : json;
};

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

const count = (outcomes: readonly Record<string, unknown>[], field: string) =>
  outcomes.filter((outcome) => outcome[field] === true).length;

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

const union = (one: ReadonlyMap<string, unknown>, other: ReadonlyMap<string, unknown>) => [
  ...new Set([...one.keys(), ...other.keys()]),
];
