import { setTimeout as wait } from "node:timers/promises";
import RudderAnalytics from "@rudderstack/rudder-sdk-node";

const [dataPlaneUrl, writeKey, run, count, pause] = process.argv.slice(2);
const rudder = new RudderAnalytics(writeKey, { dataPlaneUrl, flushAt: 20, flushInterval: 200, gzip: true, retryCount: 8 });
rudder.identify({ userId: "rud-js", traits: { name: "Eva Js", email: "eva.js@example.com" } });
rudder.group({ userId: "rud-js", groupId: "ACME", traits: { name: "Acme" } });
for (let number = 0; number < Number(count); number += 1) {
  rudder.track({ userId: "rud-js", event: "Report opened", properties: { run, number }, context: { groupId: "ACME" } });
  await wait(Number(pause) * 1000);
}
rudder.page({ userId: "rud-js", name: "Start" });
rudder.screen({ userId: "rud-js", name: "Home" });
rudder.alias({ previousId: "rud-js-anonymous", userId: "rud-js" });
await new Promise((done) => rudder.flush(done));
