export type { ReadOptions } from './client/api-client.js';
export type { EventHandler, EventName, EventOf, EventOptions } from './client/events.js';
export { BotLedger, type BotLedgerOptions } from './client/ledger.js';
export type { OperationMethods, SendOptions, UnitMethods } from './client/methods.js';
export type { BadgeFilter, Profile, UserSession } from './client/reads.js';
export type { Receipt } from './client/receipt.js';
export type { BotEvent, EventPayload, EventType } from './domain/events.js';
export type { ExportView } from './domain/export-view.js';
export type * from './domain/views.js';
export {
  ApiError,
  BotLedgerError,
  IdempotencyConflictError,
  OperationFailedError,
  QueueUnavailableError,
  ResultTimeoutError,
  SignatureError,
  SpoolError,
  UserDeletedError,
  ValidationError,
} from './errors.js';
export type { OperationName, OutcomeOf, PayloadOf } from './operations/registry.js';
