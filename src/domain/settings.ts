import { defaultTariffs, type Tariffs } from './tariffs.js';

/** What an installation decides about the rules. */
export interface Settings {
  /** What a payment for a tariff grants. */
  readonly tariffs: Tariffs;
  /** Whether payments outlive their user, without the person: amounts and provider ids, for the books. */
  readonly keepPayments: boolean;
}

export const defaultSettings: Settings = { tariffs: defaultTariffs, keepPayments: true };
