// The project on Railway: `railway config plan` shows what would change, `railway config apply` does it. See docs/deploy.md.
import { defineRailway, preserve, project, service } from "railway/iac";

export default defineRailway(() => {
  const job = service("greedy", {
    build: { builder: "DOCKERFILE", dockerfilePath: "Dockerfile" },
    deploy: {
      startCommand: "greedy run",
      restartPolicyType: "NEVER", // the exit code says what happened, and the next run is due anyway
      cronSchedule: "0 3 * * *", // UTC
      overlapSeconds: 0,
      drainingSeconds: 90, // from SIGTERM to SIGKILL: a write that has begun is finished, which takes a minute at the most
    },
    // Values are set on Railway and stand in no file. One that is not set stays unset; one that is not named here would be removed.
    env: {
      SUPABASE_URL: preserve(),
      SUPABASE_KEY: preserve(),
      ROOSTER_ID: preserve(),
      DATABASE_URL: preserve(),
      DATABASE_SCHEMA: preserve(),
      LOG_LEVEL: preserve(),
      GREEDY_JOB_TIME_LIMIT: preserve(),
    },
  });

  return project("greedy", { resources: [job] });
});
