import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { renderAlertmanager } from "../../src/monitoring/alertmanager.ts";
import { alertInhibitions } from "../../src/monitoring/inhibitions.ts";
import { receivers } from "../../testing/alertmanager.ts";
import { ToolImage } from "../../testing/tool-image.ts";

/** The rendered configuration, read by Alertmanager's own tool. */
describe("alertmanager.yml, read by amtool", () => {
  let image: ToolImage;

  beforeAll(async () => {
    image = await ToolImage.build("alertmanager");
  });
  afterAll(async () => {
    await image?.remove();
  });

  const inhibitions = alertInhibitions(2);

  it.each(receivers)("is valid with the receiver %s and pgstack's own inhibitions", async (_name, given) => {
    const { content } = renderAlertmanager({ ...given, inhibitions });
    const { code, output } = await image.run({ "alertmanager.yml": content }, "amtool check-config alertmanager.yml 2>&1");
    expect(output).toContain("SUCCESS");
    expect(output).toMatch(/- 1 receivers?\b/);
    expect(output).toContain(`- ${inhibitions.length} inhibit rules`);
    expect(code).toBe(0);
  });

  it.each(receivers)("sends every alert to %s", async (_name, given) => {
    const { content } = renderAlertmanager(given);
    const script = "amtool config routes test --config.file=alertmanager.yml alertname=SlotLost stack=test severity=critical";
    expect((await image.run({ "alertmanager.yml": content }, script)).stdout.trim()).toBe(given.receiver);
  });

  it("is refused when it says what Alertmanager does not know, so a mistake is seen", async () => {
    const { content } = renderAlertmanager({ ...receivers[1][1], inhibitions });
    const broken = content.replace("url_file", "url_fiel");
    const { code, output } = await image.run({ "alertmanager.yml": broken }, "amtool check-config alertmanager.yml 2>&1");
    expect(code).not.toBe(0);
    expect(output).toContain("url_fiel");
  });
});
