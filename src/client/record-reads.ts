import type { ExportView } from '../domain/export-view.js';
import type { PaymentView, PromocodeView, SessionPage, TrainingPage } from '../domain/views.js';
import type { ApiClient, ReadOptions } from './api-client.js';

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
    { limit, before, after }: { limit?: number; before?: string | null } & ReadOptions = {},
  ): Promise<TrainingPage> {
    const path = `/v1/users/${telegramId}/trainings`;
    return this.api.get<TrainingPage>(path, { after }, { limit, before: before ?? undefined });
  }

  /**
   * This bot's sessions as far as they are committed, of its latest users first, page by page.
   *
   * @param options.limit most sessions at once, 1 to 100
   * @param options.before the `next` of an earlier page
   * @throws ApiError
   */
  async getSessions({
    limit,
    before,
    after,
  }: { limit?: number; before?: string | null } & ReadOptions = {}): Promise<SessionPage> {
    return this.api.get<SessionPage>('/v1/bots/:bot/sessions', { after }, { limit, before: before ?? undefined });
  }

  /** The payments of a user, latest first. @throws ApiError */
  async getPayments(telegramId: number, options?: ReadOptions): Promise<PaymentView[]> {
    const path = `/v1/users/${telegramId}/payments`;
    return (await this.api.get<{ payments: PaymentView[] }>(path, options)).payments;
  }

  /** A promocode and its state, or null when there is none; case does not matter. @throws ApiError */
  async getPromocode(code: string, options?: ReadOptions): Promise<PromocodeView | null> {
    return (await this.api.find<PromocodeView>(`/v1/promocodes/${encodeURIComponent(code)}`, options)) ?? null;
  }

  /** Everything held on a user, of sessions and units those of this bot: hand it to nobody but them. @throws ApiError */
  async exportUser(telegramId: number, options?: ReadOptions): Promise<ExportView> {
    return this.api.get<ExportView>(`/v1/users/${telegramId}/export`, options);
  }
}
