import * as z from 'zod';
import { label } from './fields.js';
import { operation } from './operation.js';

/** Notes that a user was seen, under which names. Given fields overwrite, absent ones stay. */
export const touchUser = operation({
  name: 'touchUser',
  payload: z.strictObject({
    username: label.nullish(),
    firstName: label.nullish(),
    lastName: label.nullish(),
  }),
  apply(rows, { username, firstName, lastName }, { telegramId, created }) {
    const user = rows.user(telegramId);
    if (username !== undefined) user.username = username;
    if (firstName !== undefined) user.firstName = firstName;
    if (lastName !== undefined) user.lastName = lastName;
    return { created };
  },
});
