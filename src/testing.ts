export { startTestLedger, type TestLedger } from './testing/test-ledger.js';
