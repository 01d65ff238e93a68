const common = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': '<rootDir>/test/support/esbuild-jest.mjs' },
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^rollmesh$': '<rootDir>/sdk/src/index.ts',
    '^rollmesh/math$': '<rootDir>/sdk/src/state/math.ts',
    '^rollmesh/lobby-protocol$': '<rootDir>/sdk/src/lobby/lobby-protocol.ts',
    '^rollmesh/([a-z-]+)$': '<rootDir>/sdk/src/$1/index.ts',
    '^rollmesh-lobby$': '<rootDir>/signaling/src/index.ts',
  },
  modulePathIgnorePatterns: ['<rootDir>/.*/dist/', '<rootDir>/.cache/'],
};

// unit: pure code and the simulator; node: real sockets and processes on loopback; browser: real Chromium pages.
export default {
  coverageProvider: 'v8',
  testTimeout: 30_000,
  reporters: ['default', '<rootDir>/test/support/jest-reporter.mjs'],
  collectCoverageFrom: ['{sdk,signaling}/src/**/*.ts', 'demo-game/src/game/**/*.ts'],
  projects: [
    { ...common, displayName: 'unit', testMatch: ['<rootDir>/test/{unit,sim,tidy,types}/**/*.test.ts'] },
    { ...common, displayName: 'node', testMatch: ['<rootDir>/test/{integration,hostile}/**/*.test.ts'] },
    {
      ...common,
      displayName: 'browser',
      testMatch: ['<rootDir>/test/browser/**/*.test.ts'],
      setupFilesAfterEnv: ['<rootDir>/test/support/browser-timeout.mjs'],
    },
  ],
};
