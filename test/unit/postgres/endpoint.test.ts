import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { connectionUrl, driverOptions, goTarget, goUrl, libpqLogin } from "../../../src/postgres/endpoint.ts";

const server = { host: "10.0.0.7", port: 5433 };
const visitor = { user: "clerk", password: "s3cret", database: "shop" };

describe("connectionUrl", () => {
  it("names every server that a driver may try", () => {
    expect(connectionUrl([server, { ...server, port: 5434 }], visitor, { target_session_attrs: "read-write" })).toBe(
      "postgresql://clerk:s3cret@10.0.0.7:5433,10.0.0.7:5434/shop?target_session_attrs=read-write",
    );
  });

  it("reads back as what was given, whatever it holds", () => {
    const text = fc.string({ minLength: 1, unit: "grapheme" });
    // A path's segments of one and two dots have a meaning of their own in a URL; no database of stack config is named so.
    const segment = text.filter((name) => !/^\.{1,2}$/.test(name));
    fc.assert(
      fc.property(text, text, segment, (user, password, database) => {
        const url = new URL(connectionUrl([server], { user, password, database }));
        expect([url.username, url.password, url.pathname.slice(1)].map(decodeURIComponent)).toEqual([user, password, database]);
        expect(url.host).toBe("10.0.0.7:5433");
      }),
    );
  });
});

describe("a login without TLS", () => {
  it("is stated for the clients that would insist on it or need it stated", () => {
    expect(driverOptions({ ...server, ...visitor })).toEqual({ ...server, ...visitor, ssl: false });
    expect(goTarget(server, visitor, { connect_timeout: 5 })).toBe("10.0.0.7:5433/shop?sslmode=disable&connect_timeout=5");
    expect(goUrl(server, visitor)).toBe("postgresql://clerk@10.0.0.7:5433/shop?sslmode=disable");
    expect(libpqLogin({ ...server, ...visitor }, { application_name: "it's" })).toBe(
      "host=10.0.0.7 port=5433 user=clerk dbname=shop application_name='it\\'s'",
    );
  });

  it("asks for a replication connection in the driver's own word", () => {
    expect(driverOptions({ ...server, ...visitor, replication: true })).toMatchObject({ replication: "true" });
  });
});

/** Words of a connection's security, and of URLs and connections that are put together by hand. */
const spelled = /sslmode|\bssl: *(true|false|\{)|postgres(ql)?:\/\/|user=[a-z]|\bPGSSL/;

describe("how a connection is secured", () => {
  const root = join(import.meta.dirname, "../../..");
  const files = ["src", "provider", "components", "templates"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      // Tables of settings that the servers themselves have listed.
      .filter((entry) => entry.isFile() && !entry.name.endsWith(".json"))
      .map(({ parentPath, name }) => join(parentPath, name).slice(root.length + 1)),
  );

  it("is written in one file", () => {
    const found = files.filter((file) => spelled.test(readFileSync(join(root, file), "utf8")));
    expect(found).toEqual(["src/postgres/endpoint.ts"]);
  });
});
