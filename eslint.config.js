import tseslint from 'typescript-eslint'

/** Files that give the real thing, each with what it gives. */
const REAL = [
  'src/native/clock.ts', // time
  'src/actors/mailbox/channel.ts', // channels
  'src/actors/threads/system.ts', // chance and files
  'src/actors/keep-alive.ts', // a timer that is there to be referenced
  'src/actors/slots.ts', // slots across threads, which wait for shared memory
  'src/native/simulated/thread/**', // a thread and the channels to it
  'src/simulation/driver.ts', // turns of the event loop, between which virtual time goes on
]
const GLOBALS = ['setImmediate', 'performance', 'MessageChannel', 'BroadcastChannel', 'crypto']
const TIMERS = ['setTimeout', 'setInterval']
const PASSED_IN = 'it is passed in: what differs from run to run comes from outside'
const outside = (names) => names.map((name) => ({ name, message: PASSED_IN }))
const PROPERTIES = [
  ...['globalThis', 'global'].flatMap((object) =>
    [...GLOBALS, ...TIMERS].map((property) => ({ object, property, message: PASSED_IN })),
  ),
  ...Object.entries({
    Date: ['now'],
    Math: ['random'],
    AbortSignal: ['timeout'],
    Atomics: ['wait', 'waitAsync'],
    process: ['hrtime', 'uptime', 'nextTick'],
  }).flatMap(([object, names]) => names.map((property) => ({ object, property, message: PASSED_IN }))),
]
const IMPORTS = [
  {
    regex: '^(node:)?(timers|perf_hooks)(/|$)',
    importNamePattern: '^(?!createHistogram$|RecordableHistogram$)',
    message: PASSED_IN,
  },
  { regex: '^(node:)?crypto$', importNamePattern: '^(random|getRandom|webcrypto|generate)', message: PASSED_IN },
  {
    regex: '^(node:)?worker_threads$',
    importNames: ['MessageChannel', 'BroadcastChannel', 'Worker'],
    message: PASSED_IN,
  },
]
const SYNTAX = [
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: PASSED_IN },
  { selector: "CallExpression[callee.name='Date']", message: PASSED_IN },
]

export default tseslint.config(
  {
    ignores: [
      'dist/**',
      'packages/*/dist/**',
      'build/**',
      'node_modules/**',
      'src/protocol/schema/generated/**',
      'packages/*/src/generated/**',
    ],
  },
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
  // With types: promises that nobody waits for, and in src conditions that are none.
  {
    files: ['src/**/*.ts', 'packages/*/src/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts', 'examples/**/*.ts'],
    languageOptions: {
      parserOptions: {
        project: ['tsconfig.json', 'packages/*/tsconfig.json', 'test/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/await-thenable': 'error',
    },
  },
  {
    files: ['src/**/*.ts', 'packages/*/src/**/*.ts'],
    rules: { '@typescript-eslint/no-unnecessary-condition': 'error' },
  },
  // Time, chance and channels come from outside wherever a simulation must repeat: everywhere but in what is real for good, the bindings
  // and the entries of threads, and the commands.
  {
    files: ['src/**/*.ts'],
    ignores: [
      'src/{control,tools}/**',
      'src/native/{computecore,hyperv-socket,remote,service-process,unix-socket}/**',
      ...REAL,
    ],
    rules: {
      'no-restricted-globals': ['error', ...outside(GLOBALS), ...outside(TIMERS)],
      'no-restricted-properties': ['error', ...PROPERTIES],
      'no-restricted-imports': ['error', { patterns: IMPORTS }],
      'no-restricted-syntax': ['error', ...SYNTAX],
    },
  },
  // The rest may read the clock, and still sets no timer of its own: a delay beyond 2^31 - 1 ms would be none.
  {
    files: [
      'packages/*/src/**/*.ts',
      'src/{control,tools}/**/*.ts',
      'src/native/{computecore,hyperv-socket,remote,service-process,unix-socket}/**/*.ts',
    ],
    rules: { 'no-restricted-globals': ['error', ...outside(TIMERS)] },
  },
)
