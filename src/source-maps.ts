import * as module from 'node:module';

type SetSupport = (enabled: boolean, options: { nodeModules: boolean }) => void;

/**
 * Has stack traces name the lines of `src`, on Node 22.14 and newer. `--enable-source-maps` would read the maps of all packages, too: that takes
 * a tenth of the start and 20 MB.
 */
export function mapOwnSources(): void {
  const { setSourceMapsSupport } = module as { setSourceMapsSupport?: SetSupport };
  setSourceMapsSupport?.(true, { nodeModules: false });
}
