import { parser } from "@prometheus-io/lezer-promql";

/** A node of the parser's tree: the part that is used here. */
type SyntaxNode = ReturnType<(typeof parser)["parse"]>["topNode"];

/** What an expression needs, and why it cannot be used. */
export interface ExpressionFacts {
  readonly metrics: readonly string[];
  /** Each selector as it stands in the expression, without range and offset: `up{job="pooler"}`. */
  readonly selectors: readonly string[];
  /** Undefined when nothing is wrong with it. */
  readonly problem: string | undefined;
}

/** Functions that look at a stretch of time; all others at one moment. */
const rangeFunctions =
  /^(?:absent_over_time|\w+_over_time|rate|irate|increase|delta|idelta|deriv|changes|resets|predict_linear|double_exponential_smoothing|holt_winters)$/;

/** Reads a PromQL expression with Prometheus' own grammar: the metrics in it, and what is wrong with it. */
export function readExpression(expression: string): ExpressionFacts {
  const metrics = new Set<string>();
  const selectors = new Set<string>();
  const problems: string[] = [];
  const textOf = ({ from, to }: { readonly from: number; readonly to: number }): string => expression.slice(from, to);
  parser.parse(expression).iterate({
    enter: ({ node }) => {
      if (node.type.isError) problems.push(brokenAt(expression, node.from));
      if (node.name === "VectorSelector") {
        selectors.add(textOf(node));
        const name = selectedMetric(node, textOf);
        if (name === undefined) problems.push(`\`${textOf(node)}\` names no metric, so it cannot be checked`);
        else metrics.add(name);
      }
      const misused = rangeProblem(node, textOf);
      if (misused !== undefined) problems.push(misused);
    },
  });
  return { metrics: [...metrics], selectors: [...selectors], problem: problems[0] };
}

function brokenAt(expression: string, at: number): string {
  const rest = expression.slice(at, at + 20).trim();
  return rest === "" ? "it ends too early" : `it is no PromQL from \`${rest}\` on (character ${at + 1})`;
}

/** `metric{…}`, `{"metric", …}` or `{__name__="metric", …}`; undefined for a pattern or for labels only. */
function selectedMetric(selector: SyntaxNode, textOf: TextOf): string | undefined {
  const identifier = selector.getChild("Identifier");
  if (identifier !== null) return textOf(identifier);
  const matchers = selector.getChild("LabelMatchers");
  const quoted = matchers?.getChild("QuotedLabelName") ?? null;
  if (quoted !== null) return textOf(quoted).slice(1, -1);
  const named = (matchers?.getChildren("UnquotedLabelMatcher") ?? []).map(
    (matcher) => /^__name__\s*=\s*"(\w+)"$/.exec(textOf(matcher))?.[1],
  );
  return named.find((name) => name !== undefined);
}

type TextOf = (node: SyntaxNode) => string;

/** `rate(metric)` without a range, or `metric[5m]` where one moment is needed: Prometheus refuses the whole file for it. */
function rangeProblem(node: SyntaxNode, textOf: TextOf): string | undefined {
  if (node.name === "FunctionCall") {
    const takes = takesRange(node, textOf);
    const body = node.getChild("FunctionCallBody");
    if (!takes || body === null || childrenOf(body).some(isRange)) return undefined;
    return `\`${textOf(node.firstChild ?? node)}\` needs a range such as [5m] after the metric`;
  }
  if (!ranges.includes(node.name)) return undefined;
  const call = enclosing(node)?.parent;
  if (call?.name === "FunctionCall" && takesRange(call, textOf)) return undefined;
  return `\`${textOf(node)}\` is a range, which only functions such as rate or max_over_time take`;
}

function takesRange(call: SyntaxNode, textOf: TextOf): boolean {
  return rangeFunctions.test(textOf(call.firstChild ?? call));
}

const ranges: readonly string[] = ["MatrixSelector", "SubqueryExpr"];

/** Wrappers that leave a range a range. */
const wrappers: readonly string[] = ["ParenExpr", "OffsetExpr", "StepInvariantExpr"];

function isRange(node: SyntaxNode): boolean {
  if (ranges.includes(node.name)) return true;
  return wrappers.includes(node.name) && childrenOf(node).some(isRange);
}

function enclosing(node: SyntaxNode): SyntaxNode | null {
  const { parent } = node;
  return parent !== null && wrappers.includes(parent.name) ? enclosing(parent) : parent;
}

function childrenOf(node: SyntaxNode): readonly SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) children.push(child);
  return children;
}
