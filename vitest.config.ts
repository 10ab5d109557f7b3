import { defineConfig } from "vitest/config";

/**
 * About half of the time tests wait for servers: two files at a time keep two cores busy, more would only slow each other down.
 * The largest file is first.
 */
const onEngine = {
  globalSetup: ["testing/integration-setup.ts"],
  maxWorkers: 2,
  testTimeout: 180_000,
  hookTimeout: 600_000,
};

const unitFiles = "test/{unit,templates,components,program}/**/*.test.ts";
const isolatedFiles = "test/{unit,templates,components,program}/**/*.isolated.test.ts";

/** Some unit tests start processes, which takes its time on a busy machine. */
const onBusyMachine = { testTimeout: 60_000, hookTimeout: 60_000 };

/**
 * The projects: `unit` and `unit-isolated` need nothing but Node (pure code, templates, components on Pulumi mocks); `integration` and `faults`
 * (`make test-faults`) need a Docker engine and, for some files, the Pulumi CLI.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: [unitFiles],
          exclude: [isolatedFiles],
          // Packages such as zod and Pulumi are loaded once per worker, which is most of what an isolated file costs. The project's own
          // modules are loaded again for each file, but what a test changes of a package or of the process stays for the next one.
          isolate: false,
          ...onBusyMachine,
        },
      },
      // Those that replace modules of the project, which no other file may see.
      { test: { name: "unit-isolated", include: [isolatedFiles], ...onBusyMachine } },
      {
        test: { ...onEngine, name: "integration", sequence: { groupOrder: 1 }, include: ["test/integration/**/*.test.ts"] },
      },
      {
        test: {
          ...onEngine,
          name: "faults",
          sequence: { groupOrder: 2 },
          include: ["test/faults/**/*.test.ts", "test/integration/faults.test.ts"],
        },
      },
    ],
  },
});
