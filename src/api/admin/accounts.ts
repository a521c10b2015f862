import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Config, Login } from '../../config.js';
import { digestOf, hasDigest, hasHash, hashPassword, type PasswordHash, readHash } from '../../secrets.js';

/** The admin may do everything; the viewer sees the queues, not what users wrote, and changes nothing. */
export type Role = 'admin' | 'viewer';

/** Who may log in. */
export class Account {
  readonly #user: Buffer;
  readonly #password: () => Promise<PasswordHash>;

  constructor(
    readonly role: Role,
    { user, password }: Login,
  ) {
    this.#user = digestOf(user);
    // Made when it is first needed: not every start is for somebody who logs in.
    let kept: Promise<PasswordHash> | undefined;
    // Made of the name, so that every API process and every start has the same hash of the same password.
    const salt = digestOf(`botledger ${role} ${user}`);
    this.#password = async () => {
      kept ??= Promise.resolve(readHash(password) ?? hashPassword(password, salt));
      return kept;
    };
  }

  /** Whether it is them. Both are compared whatever the first says: the time taken does not tell which one was wrong. */
  async fits(user: string, password: string): Promise<boolean> {
    const known = [hasDigest(user, this.#user), await hasHash(password, await this.#password())];
    return known.every(Boolean);
  }

  /** What proves that their session lasts until then. A new password makes another signature, and so ends all of them. */
  async sign(until: number): Promise<string> {
    const { hash } = await this.#password();
    return createHmac('sha256', hash).update(`${this.role} ${until}`).digest('base64url');
  }

  /** Whether a signature is theirs. */
  async signed(until: number, signature: string): Promise<boolean> {
    return timingSafeEqual(digestOf(await this.sign(until)), digestOf(signature));
  }
}

/** Those of the settings. */
export function openAccounts({ admin, viewer }: Pick<Config, 'admin' | 'viewer'>): Account[] {
  return [new Account('admin', admin), ...(viewer ? [new Account('viewer', viewer)] : [])];
}
