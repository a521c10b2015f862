/**
 * The id of the job that carries a unit which came over HTTP, so that it is found by its key. BullMQ takes neither
 * integers nor colons for an id, and keys may be both.
 */
export const jobIdOf = (bot: string, key: string): string => `${bot}~${Buffer.from(key).toString('base64url')}`;
