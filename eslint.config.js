import tseslint from 'typescript-eslint'

export default tseslint.config(
  { ignores: ['dist/**', 'build/**', 'node_modules/**', 'src/protocol/schema/generated/**'] },
  ...tseslint.configs.strict,
  {
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/unified-signatures': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  // Time and chance come from outside, in the hearts and in all that an actor is made of.
  {
    files: [
      'src/actors/{vm,gcs}/**/*.ts',
      'src/actors/service-actor.ts',
      'src/protocol/**/*.ts',
      'src/builder/**/*.ts',
    ],
    ignores: ['**/proxy.ts', '**/*-proxy.ts'],
    rules: {
      'no-restricted-globals': ['error', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'performance'],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'the clock is passed in' },
        { object: 'Math', property: 'random', message: 'randomness is passed in' },
        { object: 'AbortSignal', property: 'timeout', message: 'the clock is passed in' },
        { object: 'crypto', property: 'randomUUID', message: 'randomness is passed in' },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'the clock is passed in' },
        { selector: 'ImportDeclaration[source.value=/^node:timers/]', message: 'the clock is passed in' },
      ],
    },
  },
)
