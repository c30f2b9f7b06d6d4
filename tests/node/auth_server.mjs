// A Supabase Auth server that keeps its accounts in memory.
//
// A line of JSON on stdin begins it: {"publishable_key", "secret_key", "jwt_secret"}; the answer on stdout is its port: {"port"}.
// The process ends when stdin does.
import { serve } from "@hono/node-server";
import { App } from "@supabase/lite";
import { createConnection } from "@supabase/lite/sqlite";
import { createInterface } from "node:readline";

console.log = console.error; // stdout is for the answer alone
const lines = createInterface({ input: process.stdin });
lines.once("line", async (line) => {
  const app = new App({ connection: await createConnection({ url: ":memory:" }), auth: { enabled: true, ...JSON.parse(line) } });
  await app.init();
  await app.ensureSystemSchema();
  const fetch = (request) => app.fetch(request, { peerAddress: null });
  serve({ port: 0, hostname: "127.0.0.1", fetch }, ({ port }) => process.stdout.write(JSON.stringify({ port }) + "\n"));
});
lines.on("close", () => process.exit(0));
