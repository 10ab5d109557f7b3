import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { encryptedValue } from "../../../src/config/secret-keys.ts";
import { generateSecrets, readSecrets, withServices, withUsers } from "../../../src/bundle/secrets.ts";
import { userErrorOf } from "../../../testing/stacks.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pgstack-secrets-"));
  mkdirSync(join(folder, "secrets"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (text: string): void => writeFileSync(join(folder, "secrets/passwords.json"), text);

describe("a bundle's secrets", () => {
  it("are passwords of 40 letters and digits and a seed, never the same", () => {
    const [one, two] = [generateSecrets(), generateSecrets()];
    const all = [one, two].flatMap(({ passwords, saltSeed }) => [...Object.values(passwords), saltSeed]);
    expect(new Set(all).size).toBe(10);
    for (const password of Object.values(one.passwords)) expect(/^[A-Za-z0-9]{40}$/.test(password)).toBe(true);
    expect(one.saltSeed).toMatch(/^[0-9a-f]{64}$/);
  });

  it("are read back", () => {
    const secrets = generateSecrets();
    write(JSON.stringify(secrets));
    expect(readSecrets(folder)).toEqual(secrets);
  });

  it("get a password for each declared user, keep those that are known, and forget those of users that are gone", () => {
    const one = withUsers(generateSecrets(), ["clerk", "reporter"]);
    for (const password of Object.values(one.users)) expect(/^[A-Za-z0-9]{40}$/.test(password)).toBe(true);
    const two = withUsers(one, ["reporter", "seller"]);
    expect(Object.keys(two.users)).toEqual(["reporter", "seller"]);
    expect(two.users["reporter"] === one.users["reporter"]).toBe(true);
    expect(two.passwords).toBe(one.passwords);
    write(JSON.stringify(two));
    expect(readSecrets(folder)).toEqual(two);
  });

  it("get a password for Grafana once, and take what the stack file gives", () => {
    const given = { alertWebhook: "https://example.org/hook" };
    const one = withServices(generateSecrets(), { folder, given, generated: ["grafana"] });
    expect(/^[A-Za-z0-9]{40}$/.test(one.services?.grafana ?? "")).toBe(true);
    expect(one.services?.alertWebhook).toBe("https://example.org/hook");
    write(JSON.stringify(one));
    const again = withServices(readSecrets(folder) ?? generateSecrets(), { folder, given: {}, generated: ["grafana"] });
    expect(again.services).toEqual({ grafana: one.services?.grafana });
    expect(withServices(again, { folder, given: {}, generated: [] }).services).toBeUndefined();
  });

  it("take what is encrypted in the stack file from passwords.json, and say so where it is not there", () => {
    const given = { alertWebhook: encryptedValue };
    const written = { ...generateSecrets(), services: { alertWebhook: "https://example.org/hook" } };
    expect(withServices(written, { folder, given, generated: [] }).services).toEqual(written.services);
    expect(userErrorOf(() => withServices(generateSecrets(), { folder, given, generated: [] }))).toContain(
      "alertWebhook is encrypted in the stack file, and only Pulumi can read it there",
    );
  });

  it("are undefined where there are none yet", () => {
    expect(readSecrets(folder)).toBeUndefined();
  });

  it.each([["{"], ["{}"], [JSON.stringify({ passwords: { app: "hunter2 with $" } })]])(
    "are not replaced when they are damaged: %s",
    (text) => {
      write(text);
      const message = userErrorOf(() => readSecrets(folder));
      expect(message).toContain("it does not hold this bundle's passwords");
      expect(message).not.toContain("hunter2");
    },
  );
});
