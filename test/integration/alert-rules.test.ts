import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { renderFiles } from "../../src/render/files.ts";
import { promtoolFiles } from "../../testing/alerts/bundle.ts";
import { aPlan } from "../../testing/stacks.ts";
import type { StackKeys } from "../../testing/stacks.ts";
import { ToolImage } from "../../testing/tool-image.ts";

/** What Prometheus' own checker says of rendered files. */
describe("files of Prometheus, read by promtool", () => {
  const { rules, tests } = promtoolFiles();
  let promtool: ToolImage;

  beforeAll(async () => {
    promtool = await ToolImage.build("prometheus");
  });
  afterAll(() => promtool?.remove());

  it.each<readonly [string, StackKeys]>([
    ["alone", { replicas: 0, monitoring: { prometheus: true } }],
    ["with replicas and Alertmanager", { replicas: 3, monitoring: { prometheus: true, alertmanager: {}, scrapeInterval: "1500ms" } }],
  ])("takes the configuration of a leader %s, and the rules that it names", async (_, keys) => {
    const files = Object.fromEntries(
      (renderFiles(aPlan(keys)).monitoring?.prometheus ?? []).map((file) => [
        `/tmp/pgstack/${file.path}`,
        file.kind === "plain" ? file.content : "",
      ]),
    );
    // Where the container has them, for the path that the configuration names.
    const script = "sed -i 's|/etc/pgstack|/tmp/pgstack|' /tmp/pgstack/prometheus.yml; promtool check config /tmp/pgstack/prometheus.yml";
    const { code, output } = await promtool.run(files, script);
    expect(output).toContain("is valid prometheus config file syntax");
    expect(output).toMatch(/SUCCESS: \d{2} rules found/);
    expect(code).toBe(0);
  });

  it.each(Object.keys(rules))("loads %s without a complaint", async (name) => {
    const { code, output } = await promtool.run(rules, `promtool check rules --lint-fatal ${name}`);
    expect(output).toMatch(/SUCCESS: \d+ rules found/);
    expect(code).toBe(0);
  });

  const names = Object.keys(tests);
  const pairs = names.flatMap((name, index) => (index % 2 === 0 ? [[name, ...names.slice(index + 1, index + 2)]] : []));

  it.each(pairs)("fires what each case says, and nothing else: %s", async (...pair) => {
    // A core each, and less collection of garbage: a quarter less work.
    const script = (name: string): string => `GOMAXPROCS=1 GOGC=400 promtool test rules ${name}`;
    const results = await Promise.all(pair.map((name) => promtool.run({ ...rules, ...tests }, script(name))));
    for (const { code, output } of results) {
      expect(output.trim()).toMatch(/^Unit Testing: {2}\S+\n\s*SUCCESS$/);
      expect(code).toBe(0);
    }
  });

  it("finds a case that is wrong", async () => {
    const about = 'alertname="SlotInactive"';
    const [[name, text] = ["", ""]] = Object.entries(tests).filter(([file, cases]) => file.includes("-1m-") && cases.includes(about));
    const broken = { ...rules, [name]: text.replaceAll(about, 'alertname="SlotActive"') };
    const { code, output } = await promtool.run(broken, `promtool test rules ${name}`);
    expect(output).toContain("FAILED");
    expect(code).not.toBe(0);
  });
});
