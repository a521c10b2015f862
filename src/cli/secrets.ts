import { ValidationError } from '../errors.js';
import { botName } from '../operations/unit.js';
import { hashPassword, randomPassword, randomToken, writeDigest, writeHash } from '../secrets.js';
import { endOnError } from './process.js';

/**
 * `botledger token`: a token, which is nowhere kept, and the setting that recognises it.
 *
 * @param bot whose it is; without one it is for METRICS_TOKEN
 */
export const runToken = (bot?: string) =>
  endOnError(async () => {
    if (bot !== undefined && !botName.safeParse(bot).success) {
      throw new ValidationError([`${bot} is no bot's name: ${botName.safeParse(bot).error?.issues[0]?.message}`]);
    }
    const token = randomToken();
    const setting =
      bot === undefined ? `METRICS_TOKEN=${writeDigest(token)}` : `API_TOKENS=${bot}:${writeDigest(token)}`;
    const beside = bot === undefined ? '' : '; with commas between several tokens, also of one bot';
    console.log(show(`The token${bot === undefined ? '' : ` of ${bot}`}`, token, `${setting}`, beside));
  });

/** `botledger password`: a password, which is nowhere kept, and the setting that recognises it. */
export const runPassword = () =>
  endOnError(async () => {
    const password = randomPassword();
    const setting = `ADMIN_PASSWORD=${writeHash(await hashPassword(password))}`;
    console.log(show('The password', password, setting, '; or VIEWER_PASSWORD'));
  });

const show = (what: string, secret: string, setting: string, more: string) =>
  `${what}, which is shown this once:\n${secret}\n\nWhat .env knows of it${more}:\n${setting}`;
