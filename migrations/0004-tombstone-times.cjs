/** The time of the last deletion, which every commit asks for, at once. */

module.exports = {
  /** @param {import('sequelize').QueryInterface} queryInterface */
  up: ({ sequelize }) => sequelize.query('CREATE INDEX deleted_users_deleted_at ON deleted_users (deleted_at)'),

  /** @param {import('sequelize').QueryInterface} queryInterface */
  down: ({ sequelize }) => sequelize.query('DROP INDEX deleted_users_deleted_at'),
};
