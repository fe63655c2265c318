const METHODS = new Set(['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace']);

/** A route of the admin API, with an existing value for each parameter. */
export interface AdminRoute {
  method: string;
  path: string;
}

interface OpenApi {
  paths: Record<string, Record<string, unknown>>;
}

/**
 * Returns every route of the admin API in the OpenAPI document of the service.
 * @param existing the values by the name of the parameter; `id` is the value of all other parameters
 */
export async function adminRoutes(
  url: string,
  existing: Readonly<Record<string, string>> & { readonly id: string },
): Promise<AdminRoute[]> {
  const { paths } = (await (await fetch(`${url}/docs-json`)).json()) as OpenApi;
  return Object.entries(paths)
    .filter(([path]) => path === '/admin' || path.startsWith('/admin/'))
    .flatMap(([path, item]) =>
      Object.keys(item)
        .filter((method) => METHODS.has(method))
        .map((method) => ({
          method: method.toUpperCase(),
          path: path.replaceAll(/\{(\w+)\}/g, (_, name: string) => existing[name] ?? existing.id),
        })),
    );
}
