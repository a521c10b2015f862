/** Which reminders of a subscription's end were given: each at most once. */

/** The words that PostgreSQL and SQLite spell differently. */
const words = {
  postgres: { time: 'TIMESTAMPTZ' },
  sqlite: { time: 'DATETIME' },
};

module.exports = {
  /** @param {import('sequelize').QueryInterface} queryInterface */
  up({ sequelize }) {
    const { time } = words[sequelize.getDialect()];
    return sequelize.query(`
      CREATE TABLE subscription_reminders (
        subscription_id INTEGER NOT NULL REFERENCES subscriptions ON DELETE CASCADE,
        days INTEGER NOT NULL CONSTRAINT subscription_reminders_days_check CHECK (days > 0),
        reminded_at ${time} NOT NULL,
        PRIMARY KEY (subscription_id, days)
      )`);
  },

  /** @param {import('sequelize').QueryInterface} queryInterface */
  down({ sequelize }) {
    return sequelize.query('DROP TABLE subscription_reminders');
  },
};
