import { hash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

/** A fresh secret for a program. Nobody guesses 24 random bytes, so a fast digest hides it as well as a slow one. */
export const randomToken = (): string => randomBytes(24).toString('base64url');

/** A fresh secret for a person. */
export const randomPassword = (): string => randomBytes(12).toString('base64url');

/** What is kept of a token: it tells the token from others, and does not tell the token. */
export const digestOf = (token: string): Buffer => hash('sha256', token, 'buffer');

const DIGEST = 'sha256:';

/** A token's digest as it stands in the settings: `sha256:` and 64 hexadecimal digits. */
export const writeDigest = (token: string): string => DIGEST + digestOf(token).toString('hex');

/** Whether a setting holds the digest of a token, and not the token. */
export const isDigest = (setting: string): boolean => setting.startsWith(DIGEST);

/**
 * Reads a token from the settings, where it stands itself or as its digest.
 *
 * @throws Error that says what a digest looks like
 */
export function readDigest(setting: string): Buffer {
  if (!isDigest(setting)) return digestOf(setting);
  const digits = setting.slice(DIGEST.length);
  if (!/^[0-9a-f]{64}$/i.test(digits)) {
    throw new Error('has a digest that is not sha256: and 64 hexadecimal digits: make one with `botledger token`');
  }
  return Buffer.from(digits, 'hex');
}

/** Whether a token is the one of a digest. The time it takes tells nothing about either. */
export const hasDigest = (token: string, digest: Buffer): boolean => timingSafeEqual(digestOf(token), digest);

/** What is kept of a password. */
export interface PasswordHash {
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

const HASH = 'scrypt:';
const SALT_BYTES = 16;
const HASH_BYTES = 32;

// What OWASP asks for with 16 MiB of memory:
// https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#scrypt
const COST = { N: 2 ** 14, r: 8, p: 5 };

const derive = promisify<string, Uint8Array, number, typeof COST, Buffer>(scrypt);

/**
 * Hashes a password, slowly: about a tenth of a second, beside the event loop.
 *
 * @param salt by default a fresh one
 */
export async function hashPassword(
  password: string,
  salt: Uint8Array = randomBytes(SALT_BYTES),
): Promise<PasswordHash> {
  return { salt, hash: await derive(password, salt, HASH_BYTES, COST) };
}

/** Whether a password is the one of a hash. The time it takes tells nothing about either. */
export async function hasHash(password: string, { salt, hash }: PasswordHash): Promise<boolean> {
  return timingSafeEqual((await hashPassword(password, salt)).hash, hash);
}

/** A password's hash as it stands in the settings: `scrypt:<salt>:<hash>`. */
export const writeHash = ({ salt, hash }: PasswordHash): string =>
  HASH + [salt, hash].map((bytes) => Buffer.from(bytes).toString('base64url')).join(':');

/**
 * Reads the hash of a password from the settings.
 *
 * @returns undefined for a password that stands there itself
 * @throws Error that says what a hash looks like
 */
export function readHash(setting: string): PasswordHash | undefined {
  if (!setting.startsWith(HASH)) return undefined;
  const [salt, hash] = setting
    .slice(HASH.length)
    .split(':')
    .map((text) => Buffer.from(text, 'base64url'));
  if (salt?.length !== SALT_BYTES || hash?.length !== HASH_BYTES) {
    throw new Error('has a hash that is not scrypt:<salt>:<hash>: make one with `botledger password`');
  }
  return { salt, hash };
}
