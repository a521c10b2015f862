/** Who asks no more about a user for as long has left their units to another worker. */
const FORGET_AFTER_MS = 60_000;

/**
 * Users that somebody else has locked for long. Their units are looked at before they get into a batch, which would
 * wait for them every time.
 */
export class LockedUsers {
  /** Until when each is remembered. */
  readonly #until = new Map<number, number>();

  get isEmpty(): boolean {
    return this.#until.size === 0;
  }

  add(users: Iterable<number>): void {
    for (const user of users) this.#until.set(user, Date.now() + FORGET_AFTER_MS);
  }

  /** Those of these users that are remembered. */
  among(users: readonly number[]): number[] {
    for (const [user, until] of this.#until) if (until < Date.now()) this.#until.delete(user);
    return users.filter((user) => this.#until.has(user));
  }

  /** Says which of the remembered users are still locked. */
  update(users: readonly number[], locked: ReadonlySet<number>): void {
    for (const user of users) if (!locked.has(user)) this.#until.delete(user);
    this.add(locked);
  }
}
