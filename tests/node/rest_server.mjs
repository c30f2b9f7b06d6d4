// A PostgREST-compatible server for the databases of the tests.
//
// A line of JSON on stdin opens one: {"database", "publishable_key", "secret_key", "jwt_secret", "schemas"}; the answer on stdout is the
// port that serves it: {"database", "port"}. {"database", "close": true} ends it. The process ends when stdin does.
import { serve } from "@hono/node-server";
import { App } from "@supabase/lite";
import { createPostgresConnection } from "@supabase/lite/postgres";
import { createInterface } from "node:readline";

// stdout is for the answers alone; what the libraries say, such as a notice of the database, goes to the log.
console.log = console.error;
const answer = (document) => process.stdout.write(JSON.stringify(document) + "\n");
// A connection that fails while nobody waits for it is the next request's trouble; the other databases are served on.
process.on("unhandledRejection", console.error);

const [socketFolder] = process.argv.slice(2);
const open = new Map();

function start({ database, publishable_key, secret_key, jwt_secret, schemas }) {
  const connection = createPostgresConnection({
    url: "postgres://localhost",
    // The role and its rights are those of a hosted project: it owns nothing, and takes on the role that a key stands for.
    postgresOptions: { path: `${socketFolder}/.s.PGSQL.5432`, user: "authenticator", database, max: 10 },
  });
  const app = new App({ connection, api: { schemas, max_rows: 1000 }, auth: { enabled: true, publishable_key, secret_key, jwt_secret } });
  const fetch = (request) => app.fetch(request, { peerAddress: null });
  const server = serve({ port: 0, hostname: "127.0.0.1", fetch }, ({ port }) => answer({ database, port }));
  open.set(database, { server, connection });
}

async function close(database) {
  const { server, connection } = open.get(database);
  open.delete(database);
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
  await connection.driver.end({ timeout: 1 }); // not connection.close(), which waits for whatever is under way
  answer({ database, closed: true });
}

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const asked = JSON.parse(line);
  if (asked.close) close(asked.database);
  else start(asked);
});
lines.on("close", () => process.exit(0));
