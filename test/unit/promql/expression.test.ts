import { describe, expect, it } from "vitest";

import { readExpression } from "../../../src/promql/expression.ts";
import { brokenTemplate } from "../../../src/promql/summary.ts";

describe("readExpression", () => {
  it.each([
    ["up == 0", ["up"]],
    ['max by (stack, node) (pg_up{job="x"} == 0) or changes(pg_up[10m]) > 4', ["pg_up"]],
    ["a / on (stack) group_left (role) b", ["a", "b"]],
    ['{__name__="a", x="y"} + {"b"}', ["a", "b"]],
    ['label_replace(absent(up), "metric", "no_metric", "", "")', ["up"]],
    ["rate(a[5m] offset 1h) # rate(b)", ["a"]],
    ["max_over_time((sum by (x) (a))[5m:1m])", ["a"]],
    ["quantile_over_time(0.9, (a[5m]))", ["a"]],
    ["predict_linear(a[6h] @ end(), 3600 * 24) < bool 0", ["a"]],
    ["job:a:rate5m > 1", ["job:a:rate5m"]],
    ["vector(1)", []],
  ])("finds the metrics of %s", (expression, metrics) => {
    expect(readExpression(expression)).toMatchObject({ metrics, problem: undefined });
  });

  it.each([
    ["sum(", "it ends too early"],
    ["", "it ends too early"],
    ["foo(a)", "it is no PromQL from `(a)` on (character 4)"],
    ["a >> 1", "it is no PromQL from `> 1` on (character 4)"],
    ['{job="x"}', '`{job="x"}` names no metric, so it cannot be checked'],
    ['{__name__=~"a.*"}', '`{__name__=~"a.*"}` names no metric, so it cannot be checked'],
    ["rate(a)", "`rate` needs a range such as [5m] after the metric"],
    ["rate(sum(a))", "`rate` needs a range such as [5m] after the metric"],
    ["a[5m] > 1", "`a[5m]` is a range, which only functions such as rate or max_over_time take"],
    ["sum(a[5m])", "`a[5m]` is a range, which only functions such as rate or max_over_time take"],
    ["abs((a[5m]))", "`a[5m]` is a range, which only functions such as rate or max_over_time take"],
  ])("says what is wrong with %s", (expression, problem) => {
    expect(readExpression(expression).problem).toBe(problem);
  });
});

describe("brokenTemplate", () => {
  it.each(["no template", "{{ $value | humanize }} on {{ $labels.node }}", "{{$value}}", "{{ $labels.node | toUpper | title }}"])(
    "accepts %s",
    (text) => {
      expect(brokenTemplate(text)).toBeUndefined();
    },
  );

  it.each([
    ["{{ $value", "{{"],
    ["value }}", "}}"],
    ["{{ $values }}", "{{ $values }}"],
    ["{{ query `up` }}", "{{ query `up` }}"],
    ["{{ $labels.node }} {{ $value | humanise }}", "{{ $value | humanise }}"],
  ])("refuses %s", (text, broken) => {
    expect(brokenTemplate(text)).toBe(broken);
  });
});
