import { describe, expect, it } from "vitest";

import { pendingSettings } from "../../../src/rollout/pending.ts";

describe("what waits for a restart", () => {
  it("is what the server marks, and what its command line has otherwise than declared", () => {
    const rows = [
      { name: "shared_buffers", running: "16384", marked: true },
      { name: "max_connections", running: "300", marked: false },
      { name: "max_wal_senders", running: "10", marked: false },
      { name: "huge_pages", running: "try", marked: true },
    ];
    expect(pendingSettings(rows, { shared_buffers: "256MB", max_connections: "200", max_wal_senders: "10" })).toEqual([
      { name: "shared_buffers", running: "16384", wanted: "256MB" },
      { name: "max_connections", running: "300", wanted: "200" },
      // No longer in the files.
      { name: "huge_pages", running: "try", wanted: "try" },
    ]);
  });
});
