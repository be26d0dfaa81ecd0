import tseslint from 'typescript-eslint'

/** Imports point one way: protocol <- native <- actors <- index; builder sees protocol only; errors.ts may be seen by all. */
const forbid = (files, group, message) => ({
  files,
  rules: { 'no-restricted-imports': ['error', { patterns: [{ regex: group, message }] }] },
})

export default tseslint.config(
  { ignores: ['dist/**', 'build/**', 'node_modules/**'] },
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
  forbid(
    ['src/protocol/**/*.ts', 'src/builder/**/*.ts'],
    '^node:|/(native|actors|cli)/|^(piscina|comlink|koffi|msgpackr|eventemitter3)',
    'protocol and builder are pure: no Node.js API, nothing from the layers above',
  ),
  forbid(
    ['src/native/**/*.ts'],
    '/(actors|builder|cli)/|^(\\.\\./)+index\\.js$',
    'native sees protocol and errors only',
  ),
  forbid(
    ['src/actors/**/*.ts'],
    '/cli/|^(\\.\\./){2,}index\\.js$|^koffi$',
    'actors see builder, native, protocol and errors',
  ),
  forbid(
    ['test/peer/**/*.ts'],
    '^(?!node:|\\./)',
    'the peer shares no code with the library, so that a mistake in one cannot hide in the other',
  ),
  // The hearts: bytes and events in, effects out. No I/O at all.
  forbid(
    [
      'src/actors/vm/queue.ts',
      'src/actors/vm/exit.ts',
      'src/actors/gcs/connection/{bridge,handshake,request-ids}.ts',
      'src/actors/gcs/process/signals.ts',
      'src/actors/gcs/resource/{modify-gate,requests}.ts',
    ],
    '^node:|/cli/|^\\.\\./\\.\\./index\\.js$|^koffi$',
    'a heart of an actor does no I/O',
  ),
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
