// The whole network in one process: directory, host, view and moderation service, as @atproto/dev-env puts them together.
// PORT is the first of four; the addresses are printed as one line of JSON once all answer.
import { TestNetwork } from '@atproto/dev-env'

const first = Number(process.env.PORT)
const network = await TestNetwork.create({
  dbPostgresUrl: process.env.DB_POSTGRES_URL,
  dbPostgresSchema: 'birdfall',
  plc: { port: first },
  pds: { port: first + 1, hostname: 'localhost', inviteRequired: false, rateLimitsEnabled: false },
  bsky: { port: first + 2, publicUrl: `http://localhost:${first + 2}` },
  ozone: { port: first + 3, chatUrl: 'http://localhost:1', chatDid: 'did:example:chat', dbMaterializedViewRefreshIntervalMs: 5000 },
})
console.log(JSON.stringify({ host: first + 1, moderation: first + 3, moderator: network.ozone.adminAccnt.did }))
process.on('SIGTERM', async () => {
  await Promise.race([network.close(), new Promise((resolve) => setTimeout(resolve, 5000))])
  process.exit(0)
})
