import { defineConfig } from "vitest/config";

/**
 * Two projects: `unit` needs nothing but Node (pure code, templates, components on Pulumi mocks);
 * `integration` needs a Docker engine and, for some files, the Pulumi CLI.
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
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          globalSetup: ["test/support/integration-setup.ts"],
          // Containers share two cores: files run one after the other.
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
