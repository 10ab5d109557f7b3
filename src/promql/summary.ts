/** Templates in texts from stack config: a broken one would keep Prometheus from loading any rule, so few are allowed. */

const allowed =
  /^\{\{\s*(?:\$value|\$labels\.[A-Za-z_]\w*)(?:\s*\|\s*(?:humanize|humanize1024|humanizeDuration|humanizePercentage|humanizeTimestamp|title|toUpper|toLower))*\s*\}\}$/;

/** The first template that is not allowed; undefined when there is none. */
export function brokenTemplate(text: string): string | undefined {
  const templates = text.match(/\{\{.*?\}\}/gs) ?? [];
  const wrong = templates.find((template) => !allowed.test(template));
  if (wrong !== undefined) return wrong;
  const rest = text.replaceAll(/\{\{.*?\}\}/gs, "");
  return /\{\{|\}\}/.exec(rest)?.[0];
}
