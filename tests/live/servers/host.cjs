// The personal data server, configured by its own PDS_* variables alone.
const { PDS, envToCfg, envToSecrets, readEnv } = require("@atproto/pds");
(async () => {
  const environment = readEnv();
  const pds = await PDS.create(envToCfg(environment), envToSecrets(environment));
  await pds.start();
  process.on("SIGTERM", async () => { await pds.destroy(); process.exit(0); });
})().catch((error) => { console.error(error); process.exit(1); });
