import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { roleSalt, scramVerifier, verifyScram } from "../../../src/postgres/scram.ts";

/** The example exchange of RFC 7677, section 3: user "user", password "pencil". */
const RFC7677 = {
  password: "pencil",
  salt: Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64"),
  iterations: 4096,
  authMessage: [
    "n=user,r=rOprNGfwEbeRWgbNEkqO",
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
  ].join(","),
  clientProof: "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
  serverSignature: "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
} as const;

function keysOf(verifier: string): { stored: Buffer; server: Buffer } {
  const [stored = "", server = ""] = (verifier.split("$")[2] ?? "").split(":");
  return { stored: Buffer.from(stored, "base64"), server: Buffer.from(server, "base64") };
}

describe("scramVerifier", () => {
  it("gives the keys that RFC 7677's client proof and server signature come from", () => {
    const verifier = scramVerifier(RFC7677);
    const { stored, server } = keysOf(verifier);

    // The server's side: its signature over the exchange.
    const signature = createHmac("sha256", server).update(RFC7677.authMessage).digest("base64");
    expect(signature).toBe(RFC7677.serverSignature);

    // The client's side: ClientKey = proof XOR HMAC(StoredKey, exchange), and StoredKey = SHA-256(ClientKey).
    const clientSignature = createHmac("sha256", stored).update(RFC7677.authMessage).digest();
    const proof = Buffer.from(RFC7677.clientProof, "base64");
    const clientKey = proof.map((byte, index) => byte ^ (clientSignature[index] ?? 0));
    expect(createHash("sha256").update(clientKey).digest()).toEqual(stored);
  });

  it("writes the form that PostgreSQL stores", () => {
    expect(scramVerifier(RFC7677)).toBe(
      "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
    );
  });

  it("derives from the salted password as RFC 5802 says", () => {
    const salt = Buffer.from("0123456789abcdef");
    const salted = pbkdf2Sync("Pa55word", salt, 10, 32, "sha256");
    const { server } = keysOf(scramVerifier({ password: "Pa55word", salt, iterations: 10 }));
    expect(server).toEqual(createHmac("sha256", salted).update("Server Key").digest());
  });

  it.each(["", "pässword", "tab\there", "line\nbreak", "\u0000", "pass\u00a0word"])(
    "refuses a password outside printable ASCII (%j)",
    (password) => {
      expect(() => scramVerifier({ ...RFC7677, password })).toThrow(
        "a SCRAM password must be printable ASCII and not empty: SASLprep is not implemented",
      );
    },
  );

  it.each([0, -1, 1.5, Number.NaN])("refuses %d iterations", (iterations) => {
    expect(() => scramVerifier({ ...RFC7677, iterations })).toThrow("SCRAM iterations");
  });

  it("refuses an empty salt", () => {
    expect(() => scramVerifier({ ...RFC7677, salt: Buffer.alloc(0) })).toThrow("salt");
  });
});

describe("roleSalt", () => {
  it("is 16 bytes, stable, and different for each role and seed", () => {
    expect(roleSalt("seed", "app")).toEqual(roleSalt("seed", "app"));
    expect(roleSalt("seed", "app")).toHaveLength(16);
    expect(roleSalt("seed", "app")).not.toEqual(roleSalt("seed", "admin"));
    expect(roleSalt("seed", "app")).not.toEqual(roleSalt("other", "app"));
    expect(roleSalt("key", "The quick brown fox jumps over the lazy dog").toString("hex")).toBe("f7bc83f430538424b13298e6aa6fb143");
  });

  it("refuses an empty seed or role", () => {
    expect(() => roleSalt("", "app")).toThrow("seed");
    expect(() => roleSalt("seed", "")).toThrow("role name");
  });
});

describe("verifyScram", () => {
  it("accepts the right password and refuses every other", () => {
    const password = fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(password, password, fc.uint8Array({ minLength: 1, maxLength: 24 }), (a, b, s) => {
        const verifier = scramVerifier({ password: a, salt: Buffer.from(s), iterations: 2 });
        expect(verifyScram(verifier, a)).toBe(true);
        expect(verifyScram(verifier, b)).toBe(a === b);
      }),
    );
  });

  it.each([
    "",
    "md5d41d8cd98f00b204e9800998ecf8427e",
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$AAAA:AAAA",
    `x${scramVerifier(RFC7677)}`,
  ])("refuses what is not a verifier (%j)", (text) => {
    expect(() => verifyScram(text, "pencil")).toThrow("not a SCRAM-SHA-256 verifier");
  });
});
