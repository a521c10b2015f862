import * as z from 'zod';

/** A whole number of things granted at once. */
export const count = z.int().min(1).max(1_000_000);

/** Days granted at once: up to ten years. */
export const days = z.int().min(1).max(3_660);
