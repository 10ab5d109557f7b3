import { defineConfig } from "vitest/config";

/** Containers share two cores: files run one after the other. */
const onEngine = {
  globalSetup: ["testing/integration-setup.ts"],
  fileParallelism: false,
  testTimeout: 180_000,
  hookTimeout: 600_000,
};

/**
 * Three projects: `unit` needs nothing but Node (pure code, templates, components on Pulumi mocks); `integration` and `faults`
 * (`make test-faults`) need a Docker engine and, for some files, the Pulumi CLI.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/{unit,templates,components,program}/**/*.test.ts"],
          testTimeout: 20_000,
        },
      },
      {
        test: { ...onEngine, name: "integration", include: ["test/integration/**/*.test.ts"] },
      },
      {
        test: { ...onEngine, name: "faults", include: ["test/faults/**/*.test.ts", "test/integration/faults.test.ts"] },
      },
    ],
  },
});
