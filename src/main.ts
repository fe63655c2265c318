import { mapOwnSources } from './source-maps.js';

mapOwnSources();
// Maps are read of files that are imported later.
await import('./service.js');
