/** The session that the service opens (src/database/database.module.ts): the limits run the same statement under the same rules. */
export const SESSION = '-c statement_timeout=30s -c default_transaction_isolation=repeatable\\ read';
