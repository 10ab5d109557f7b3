import { describe, expect, it } from "vitest";

import { wrapLines } from "../../../src/text/wrap.ts";

describe("wrapped text", () => {
  it("breaks at spaces and indents what follows", () => {
    expect(wrapLines("one two three four", { width: 9, rest: "  " })).toEqual(["one two", "  three", "  four"]);
    expect(wrapLines("one two three four", { width: undefined })).toEqual(["one two three four"]);
    expect(wrapLines("one two", { width: 5, first: "- ", rest: "  " })).toEqual(["- one", "  two"]);
    expect(wrapLines("a very-long-word", { width: 4 })).toEqual(["a", "very-long-word"]);
    expect(wrapLines("", { width: 10 })).toEqual([""]);
  });
});
