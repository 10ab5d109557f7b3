import { describe, expect, it } from "vitest";
import * as escape from "../../../src/formats/escape.ts";

const escapers = {
  postgresConf: escape.postgresConf,
  hbaToken: escape.hbaToken,
  iniValue: escape.iniValue,
  pgbouncerConnstr: escape.pgbouncerConnstr,
  userlist: escape.userlist,
  shell: escape.shell,
  conninfo: escape.conninfo,
  sqlLiteral: escape.sqlLiteral,
  sqlIdent: escape.sqlIdent,
  pgpass: escape.pgpass,
  dotenv: escape.dotenv,
  composeScalar: escape.composeScalar,
  commentText: escape.commentText,
} as const;

describe.each(Object.entries(escapers))("%s", (_name, escaper) => {
  it.each([
    ["null", null],
    ["undefined", undefined],
    ["an object", { toString: () => "secret" }],
    ["an array", ["secret"]],
    ["NaN", Number.NaN],
    ["infinity", Number.POSITIVE_INFINITY],
    ["a bigint", 1n],
    ["a function", () => "secret"],
    ["a newline", "secret\nadmin"],
    ["a carriage return", "secret\r"],
    ["a tab", "secret\tadmin"],
    ["a null byte", "secret\u0000"],
    ["DEL", "secret\u007f"],
    ["NEL", "secret\u0085"],
    ["a line separator", "secret\u2028"],
    ["half a surrogate pair", "secret\ud800"],
  ])("refuses %s without showing it", (_what, value) => {
    let message = "";
    try {
      escaper(value);
    } catch (error) {
      if (!(error instanceof escape.UnsafeValueError)) throw error;
      message = error.message;
    }
    expect(message).toMatch(/ in an? /);
    expect(message).not.toContain("secret");
  });

  it("writes numbers and booleans", () => {
    const unquoted = (value: number | boolean): string => escaper(value).replace(/^(['"])(.*)\1$/, "$2");
    expect([unquoted(5432), unquoted(1.1), unquoted(true)]).toEqual(["5432", "1.1", "true"]);
  });
});

it.each([
  ["postgresConf", escape.postgresConf, "%m [%p] it's C:\\x ", "'%m [%p] it''s C:\\\\x '"],
  ["hbaToken, a network", escape.hbaToken, "172.29.10.0/24", "172.29.10.0/24"],
  ["hbaToken, IPv6", escape.hbaToken, "fd00::/8", "fd00::/8"],
  ["hbaToken, a keyword", escape.hbaToken, "all", "all"],
  ["hbaToken, a group sign", escape.hbaToken, "+admins", '"+admins"'],
  ["hbaToken, an include sign", escape.hbaToken, "@file", '"@file"'],
  ["hbaToken, a list", escape.hbaToken, "a,b", '"a,b"'],
  ["hbaToken, a comment sign", escape.hbaToken, "a#b", '"a#b"'],
  ["iniValue, as it is", escape.iniValue, "a ; b # 'c'", "a ; b # 'c'"],
  ["iniValue, empty", escape.iniValue, "", ""],
  ["pgbouncerConnstr, bare", escape.pgbouncerConnstr, "acme-pg2,acme-pg3", "acme-pg2,acme-pg3"],
  ["pgbouncerConnstr, quoted", escape.pgbouncerConnstr, "it's \\", "'it''s \\'"],
  ["userlist", escape.userlist, 'a"b', '"a""b"'],
  ["shell", escape.shell, "it's $HOME", `'it'\\''s $HOME'`],
  ["conninfo, bare", escape.conninfo, "acme-pg1", "acme-pg1"],
  ["conninfo, quoted", escape.conninfo, "it's \\", "'it\\'s \\\\'"],
  ["sqlLiteral", escape.sqlLiteral, "it's", "'it''s'"],
  ["sqlLiteral, a backslash", escape.sqlLiteral, "it's \\", "E'it''s \\\\'"],
  ["sqlLiteral, a number", escape.sqlLiteral, -1, "-1"],
  ["sqlLiteral, a number as text", escape.sqlLiteral, "-1", "'-1'"],
  ["sqlIdent", escape.sqlIdent, 'a"; drop', '"a""; drop"'],
  ["pgpass", escape.pgpass, "a:b\\c", "a\\:b\\\\c"],
  ["pgpass, a wildcard", escape.pgpass, "*", "\\*"],
  ["pgpass, a comment sign", escape.pgpass, "#host", "\\#host"],
  ["dotenv", escape.dotenv, 'say "hi" #1', `'say "hi" #1'`],
  ["dotenv, a single quote", escape.dotenv, "it's", `"it's"`],
  ["composeScalar", escape.composeScalar, "$HOME ${x} $$", "$$HOME $${x} $$$$"],
])("%s", (_what, escaper, value, expected) => {
  expect(escaper(value)).toBe(expected);
});

it.each([
  ["hbaToken", escape.hbaToken, "", "empty text in a pg_hba.conf field"],
  ["hbaToken", escape.hbaToken, "/^app", "a leading slash in a pg_hba.conf field"],
  ["iniValue", escape.iniValue, " x", "leading or trailing blank in a pgbouncer.ini value"],
  ["iniValue", escape.iniValue, "x ", "leading or trailing blank in a pgbouncer.ini value"],
  ["pgbouncerConnstr", escape.pgbouncerConnstr, "", "empty text in a [databases] value of pgbouncer.ini"],
  ["sqlIdent", escape.sqlIdent, "", "empty text in an SQL name"],
  ["sqlIdent", escape.sqlIdent, "ä".repeat(32), "more than 63 bytes in an SQL name"],
  ["dotenv", escape.dotenv, "a\\b", "backslash or dollar sign in an env file value"],
  ["dotenv", escape.dotenv, "a${b}", "backslash or dollar sign in an env file value"],
  ["dotenv", escape.dotenv, `it's "x"`, "single quote together with a double quote or backtick in an env file value"],
  ["commentText", escape.commentText, "a\\", "backslash at the end in a comment"],
])("%s refuses what its format cannot hold (%#)", (_what, escaper, value, message) => {
  expect(() => escaper(value)).toThrow(expect.objectContaining({ name: "UnsafeValueError", message }));
});

describe("conninfoString", () => {
  it("keeps the order and quotes what is no plain word, and postgresql.conf quotes it once more", () => {
    const text = escape.conninfoString({ host: "acme-pg1", port: 5432, application_name: "it's" });
    expect(text).toBe(`host=acme-pg1 port=5432 application_name='it\\'s'`);
    expect(escape.postgresConf(text)).toBe(`'host=acme-pg1 port=5432 application_name=''it\\\\''s'''`);
  });

  it("refuses a keyword that could end a value", () => {
    expect(() => escape.conninfoString({ "host=x user": "y" })).toThrow("keyword");
  });
});
