import { availableParallelism } from 'node:os';

export default {
  roots: ['<rootDir>/test'],
  testRegex: '\\.spec\\.ts$',
  testEnvironment: 'node',
  testTimeout: 60_000,
  // Most tests wait for I/O, so more workers than cores pay off.
  maxWorkers: Math.ceil(availableParallelism() * 1.5),
  // `it.concurrent` is for tests that wait. More of them at once would slow down those that measure times.
  maxConcurrency: 3,
  testSequencer: '<rootDir>/test/helpers/longest-first.mjs',
  moduleFileExtensions: ['ts', 'js', 'mjs', 'json'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    // The tests import the output of `npm run build`: the shipped code, with its worker thread and migrations.
    '^(?:\\.\\./)+(src|migrations)/(.*)\\.js$': '<rootDir>/dist/$1/$2.js',
    '^((?:\\.{1,2}/)+(?:faults/)?(?:helpers/)?[\\w-]+)\\.js$': '$1',
  },
  transform: {
    '^.+/test/.+\\.ts$': [
      '@swc/jest',
      { swcrc: false, jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
  setupFilesAfterEnv: ['<rootDir>/test/helpers/after-all.ts'],
  globalSetup: '<rootDir>/test/helpers/global-setup.mjs',
  globalTeardown: '<rootDir>/test/helpers/global-teardown.mjs',
};
