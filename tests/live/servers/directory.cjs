// The directory of accounts, with a database in memory: PORT says where.
const { PlcServer, Database } = require("@did-plc/server");
const server = PlcServer.create({ db: Database.mock(), port: Number(process.env.PORT) });
server.start();
process.on("SIGTERM", async () => { await server.destroy(); process.exit(0); });
