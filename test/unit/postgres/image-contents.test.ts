import { describe, expect, it } from "vitest";

import {
  extensionsNeededBy,
  findTimezone,
  imageExtensions,
  imageTimezones,
  nearExtension,
  nearTimezone,
} from "../../../src/postgres/image-contents.ts";

describe("findTimezone", () => {
  it.each(["UTC", "Asia/Manila", "America/Argentina/Buenos_Aires", "Etc/GMT+8", "EST5EDT"])("knows %s", (name) => {
    expect(findTimezone(name)).toBe(name);
  });

  // What Java, browsers and Windows send at login.
  it.each(["US/Pacific", "Asia/Calcutta", "Europe/Kiev", "Asia/Saigon", "America/Buenos_Aires", "GMT0"])(
    "knows the old name %s",
    (name) => {
      expect(findTimezone(name)).toBe(name);
    },
  );

  it("looks without regard to case, as the server does, and gives the server's spelling", () => {
    expect(["utc", "us/PACIFIC", "america/port-au-prince"].map(findTimezone)).toEqual(["UTC", "US/Pacific", "America/Port-au-Prince"]);
  });

  it("knows no zone with leap seconds, which the server refuses, and no other name", () => {
    expect(["right/UTC", "Mars/Base", "", "UTC ", "Asia", "tzdata.zi", "constructor"].map(findTimezone)).toEqual(Array(7).fill(undefined));
  });

  it("has each zone once, of every area", () => {
    expect(new Set(imageTimezones).size).toBe(imageTimezones.length);
    expect(imageTimezones.length).toBeGreaterThan(550);
  });
});

describe("nearTimezone", () => {
  it.each([
    ["Asia/Manilla", "Asia/Manila"],
    ["Aisa/Manila", "Asia/Manila"],
    ["Manila", "Asia/Manila"],
    ["America/Los Angeles", "America/Los_Angeles"],
    ["Asia/Sydney", "Australia/Sydney"],
    ["US/Pacifc", "US/Pacific"],
    ["Europe/Kyev", "Europe/Kiev"],
    ["America/Argentina/Buenos_Airs", "America/Argentina/Buenos_Aires"],
    ["Singapur", "Singapore"],
    ["UTC ", "UTC"],
  ])("takes %s for %s", (given, meant) => {
    expect(nearTimezone(given)).toBe(meant);
  });

  it.each(["Mars/Base", "PST", "IST", "Pacific Standard Time", "Asia/Hyderabad", "", "/", "Asia/"])(
    "finds nothing close to %j",
    (given) => {
      expect(nearTimezone(given)).toBeUndefined();
    },
  );
});

describe("imageExtensions", () => {
  it.each(["pg_stat_statements", "pg_trgm", "uuid-ossp", "cube", "earthdistance", "vector"])("has %s", (name) => {
    expect(imageExtensions).toContain(name);
  });

  it.each(["postgis", "pgvector", "timescaledb"])("does not have %s", (name) => {
    expect(imageExtensions).not.toContain(name);
  });
});

describe("extensionsNeededBy", () => {
  it("names what an extension needs, and nothing for those that stand alone or are not there", () => {
    expect(["earthdistance", "cube", "postgis", "constructor"].map(extensionsNeededBy)).toEqual([["cube"], [], [], []]);
  });
});

describe("nearExtension", () => {
  it.each([
    ["pgvector", "vector"],
    ["pg_vector", "vector"],
    ["uuid_ossp", "uuid-ossp"],
    ["uuid", "uuid-ossp"],
    ["trgm", "pg_trgm"],
    ["pgtrgm", "pg_trgm"],
    ["pg_crypto", "pgcrypto"],
    ["earth_distance", "earthdistance"],
  ])("takes %s for %s", (given, meant) => {
    expect(nearExtension(given)).toBe(meant);
  });

  it.each(["postgis", "timescaledb", "pg_cron", "pgaudit", "age", "gis", "plpython3u", "constructor"])(
    "finds nothing close to %s",
    (given) => {
      expect(nearExtension(given)).toBeUndefined();
    },
  );
});
