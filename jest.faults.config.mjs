import base from './jest.config.mjs';

const { globalSetup: _setup, globalTeardown: _teardown, ...shared } = base;

/** Configuration of the fault rehearsals, `npm run test:faults`. Each file starts its own PostgreSQL and service. */
export default {
  ...shared,
  roots: ['<rootDir>/test/faults'],
  testRegex: '\\.faults\\.ts$',
  testTimeout: 15 * 60_000,
  // The rehearsals measure latencies under load, so they run one after another.
  maxWorkers: 1,
  moduleNameMapper: {
    '^(?:\\.\\./)+(src|migrations)/(.*)\\.js$': '<rootDir>/dist/$1/$2.js',
    '^((?:\\.{1,2}/)+(?:helpers/)?[\\w-]+)\\.js$': '$1',
  },
  reporters: ['default', '<rootDir>/test/faults/helpers/results-reporter.mjs'],
};
