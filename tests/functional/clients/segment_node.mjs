import { setTimeout as wait } from "node:timers/promises";
import { Analytics } from "@segment/analytics-node";

const [host, writeKey, run, count, pause] = process.argv.slice(2);
const analytics = new Analytics({ host, writeKey, flushAt: 20, flushInterval: 200 });
analytics.on("error", (error) => console.error("segment:", error.code, String(error.reason)));
analytics.identify({ userId: "seg-js", traits: { name: "Dan Js", email: "dan.js@example.com" } });
analytics.group({ userId: "seg-js", groupId: "ACME", traits: { name: "Acme" } });
for (let number = 0; number < Number(count); number += 1) {
  analytics.track({ userId: "seg-js", event: "Report opened", properties: { run, number }, context: { groupId: "ACME" } });
  await wait(Number(pause) * 1000);
}
analytics.page({ userId: "seg-js", name: "Start", properties: {} });
analytics.screen({ userId: "seg-js", name: "Home", properties: {} });
analytics.alias({ previousId: "seg-js-anonymous", userId: "seg-js" });
await analytics.closeAndFlush({ timeout: 60000 });
