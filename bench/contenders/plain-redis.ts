import { Redis } from 'ioredis';

/** A connection as whoever uses BullMQ without botledger opens it: what we made of ours is no peer's. */
export const openPlainRedis = (redisUrl: string): Redis => new Redis(redisUrl, { maxRetriesPerRequest: null });
