/**
 * Time after a change for which OpenIM's caches may hold the state before it, in s. OpenIM deletes a cache inside the transaction, before
 * the commit (pkg/common/storage/controller/group.go); a reader in between fills it with the old state.
 */
export const CACHE_WINDOW_S = 5;

/**
 * Delay by which one callback can overtake another, in s: OpenIM waits that long for an answer at most
 * (tools/utils/httputil/http_client.go, NewClientConfig), and sends with two workers.
 */
export const CALLBACK_DELAY_S = 15;

/**
 * Difference of the clocks of OpenIM and PostgreSQL from which it is a warning, in ms: a creation may then seem later than the callbacks that
 * follow it.
 */
export const CLOCK_DIFFERENCE_MS = 5000;
