const METHODS = new Set(['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace']);

/** A route of the admin API, with something that exists in the place of each parameter. */
export interface AdminRoute {
  method: string;
  path: string;
}

interface OpenApi {
  paths: Record<string, Record<string, unknown>>;
}

/**
 * Every route of the admin API that the service tells of.
 * @param existing by the name of the parameter; `id` also for names that are not there
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
