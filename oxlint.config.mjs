import { join, relative } from 'node:path';
import { ARROWS } from './architecture.mjs';

/** The rule of one folder: it imports itself and what `ARROWS` names, by any path that leads there. */
function architectureRule([folder, targets]) {
  const pathOf = (target) => {
    const path = relative(folder, target === '.' ? '' : target) || '.';
    return `!${path.startsWith('.') ? path : `./${path}`}/*`;
  };
  return {
    files: [join('src', folder, '*.{ts,tsx}')],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['../**', './*/**', ...targets.map(pathOf)],
              message: `src/${folder} imports only what architecture.mjs names: ${targets.join(', ') || 'nothing'}`,
            },
          ],
        },
      ],
    },
  };
}

export default {
  plugins: ['typescript', 'import', 'unicorn', 'oxc', 'promise', 'jest'],
  categories: { correctness: 'error', suspicious: 'error' },
  rules: {
    'typescript/no-explicit-any': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/await-thenable': 'error',
    // Nest's modules are classes that only carry a decorator.
    'typescript/no-extraneous-class': ['error', { allowWithDecorator: true, allowEmpty: true }],
    // What comes from a catch, a header or a driver is unknown, and asserted once where it enters.
    'typescript/no-unsafe-type-assertion': 'off',
    'import/no-cycle': 'error',
    'eslint/max-lines': ['error', { max: 200 }],
    'eslint/no-console': 'error',
  },
  overrides: [
    {
      files: ['test/**'],
      rules: {
        'jest/expect-expect': [
          'error',
          {
            assertFunctionNames: [
              'expect',
              'expectNothingLost',
              'expectRefusal',
              'expectTakeover',
              'expectTruthAfter',
            ],
          },
        ],
        // afterEach checks what holds after every refusal; tests of root's start as `asRoot ? it : it.skip`.
        'jest/no-standalone-expect': 'off',
        // A table of cases in which some say more than others.
        'jest/no-conditional-expect': 'off',
        'eslint/max-lines': 'off',
      },
    },
    {
      // Tables, with a line for each entry.
      files: ['architecture.mjs', 'src/console/texts/*.ts'],
      rules: { 'eslint/max-lines': 'off' },
    },
    ...Object.entries(ARROWS).map(architectureRule),
  ],
  ignorePatterns: ['dist', 'coverage', 'data'],
};
