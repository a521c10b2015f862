import type { ExportView } from '../domain/export-view.js';
import type { PaymentView, PromocodeView, TrainingPage } from '../domain/views.js';
import type { ApiClient } from './api-client.js';

/** The SDK's reads of what is on record: trainings, payments, promocodes, and all of it about one user. */
export abstract class RecordReads {
  protected readonly api: ApiClient;

  constructor(api: ApiClient) {
    this.api = api;
  }

  /**
   * The trainings of a user, latest first, page by page.
   *
   * @param options.limit most trainings at once, 1 to 100
   * @param options.before the `next` of an earlier page
   * @throws ApiError
   */
  async getTrainingHistory(
    telegramId: number,
    options: { limit?: number; before?: string | null } = {},
  ): Promise<TrainingPage> {
    const { limit, before } = options;
    return this.api.get<TrainingPage>(`/v1/users/${telegramId}/trainings`, { limit, before: before ?? undefined });
  }

  /** The payments of a user, latest first. @throws ApiError */
  async getPayments(telegramId: number): Promise<PaymentView[]> {
    return (await this.api.get<{ payments: PaymentView[] }>(`/v1/users/${telegramId}/payments`)).payments;
  }

  /** A promocode and its state, or null when there is none; case does not matter. @throws ApiError */
  async getPromocode(code: string): Promise<PromocodeView | null> {
    return (await this.api.find<PromocodeView>(`/v1/promocodes/${encodeURIComponent(code)}`)) ?? null;
  }

  /** Everything held on a user, of sessions and units those of this bot: hand it to nobody but them. @throws ApiError */
  async exportUser(telegramId: number): Promise<ExportView> {
    return this.api.get<ExportView>(`/v1/users/${telegramId}/export`);
  }
}
