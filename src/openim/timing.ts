/**
 * Time in s for which OpenIM's caches may hold the state before a callback. OpenIM deletes the cache keys inside its transaction, before
 * the commit (pkg/common/storage/controller/group.go, ChainExecDel), so a concurrent reader fills them with the old values.
 */
export const CACHE_WINDOW_S = 5;

/**
 * Time in s by which one callback may arrive after a later one: OpenIM's HTTP client waits for an answer for at most 15 s
 * (tools/utils/httputil/http_client.go, NewClientConfig), and two workers send callbacks side by side.
 */
export const CALLBACK_DELAY_S = 15;
