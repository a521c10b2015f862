/** Milliseconds since 1970, with fractions, by a clock that all processes of this machine share. */
export const clock = (): number => performance.timeOrigin + performance.now();
